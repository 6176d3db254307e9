using Warmwire.Cli;

return await CommandLine.RunAsync(args);

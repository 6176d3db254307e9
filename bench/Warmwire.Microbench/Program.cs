using BenchmarkDotNet.Running;

// In this process: the projects BenchmarkDotNet would make and build would inherit the repository's settings, which are not meant for them.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. args, "--inProcess"]);

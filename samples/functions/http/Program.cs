using Warmwire.Samples.Hosting;
using Warmwire.Samples.HttpFunction;

return HttpFunctionSettings.TryRead(Environment.GetEnvironmentVariable, out HttpFunctionSettings? settings, out string? wrong)
    ? await FunctionHost.RunAsync("http", app => HttpFunctionEndpoint.Map(app, settings))
    : FunctionHost.Refuse("http", wrong);

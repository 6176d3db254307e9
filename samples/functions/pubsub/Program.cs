using Warmwire.Samples.Hosting;
using Warmwire.Samples.PubSub;

return PubSubFunctionSettings.TryRead(Environment.GetEnvironmentVariable, out PubSubFunctionSettings? settings, out string? wrong)
    ? await FunctionHost.RunAsync("pubsub", app => PubSubFunctionEndpoint.Map(app, settings))
    : FunctionHost.Refuse("pubsub", wrong);

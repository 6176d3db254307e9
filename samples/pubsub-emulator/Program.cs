using Warmwire.Samples.Hosting;
using Warmwire.Samples.PubSubEmulator;

// Only for this machine: there is nothing here that asks who is calling.
return await FunctionHost.RunAsync(
    "pubsub-emulator", app => PubSubEmulatorEndpoint.Map(app, new PubSubEmulatorSettings()), port: 8085, loopbackOnly: true);

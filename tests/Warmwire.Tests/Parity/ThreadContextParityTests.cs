using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What user code does to the thread it continues on is undone, and a thread of ours keeps nothing of it alive.</summary>
public sealed class ThreadContextParityTests
{
    private const string Response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData("IsBackground")]
    [InlineData("Priority")]
    [InlineData("Name")]
    [Trait("Issue10", "H1-thread-state")]
    public Task What_a_continuation_sets_on_its_thread_does_not_stick_to_it(string property) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering(Response);
            using HttpMessageInvoker invoker = stage.Invoker();
            Thread marked = await MarkAsync(invoker, server.Uri, property);
            bool clean = false;
            for (int i = 0; i < 400 && !clean; i++)
            {
                using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default).ConfigureAwait(false);
                clean = !marked.IsAlive || IsClean(marked, property);
            }

            stage.Outcome.Tell("the thread is clean again", clean);
            marked.IsBackground = true;
        },
        ("the thread is clean again", true));

    [Theory]
    [InlineData("the program's handler")]
    [InlineData("its own, disposed")]
    [InlineData("its own, forgotten")]
    [Trait("Issue10", "H2-collectible-context")]
    public Task A_collectible_AssemblyLoadContext_unloads_after_its_code_made_a_request(string handler) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering(Response);
            using HttpMessageInvoker invoker = stage.Invoker();
            WeakReference context = await RunPluginAsync(invoker, stage.Create().GetType(), server.Uri, handler);
            await ParityStage.CollectUntilAsync(() => !context.IsAlive);
            stage.Outcome.Tell("unloaded", !context.IsAlive);
        },
        ("unloaded", true));

    /// <summary>A plug-in's code: awaits a response on whatever thread it comes on, with an AsyncLocal and a callback of its own.</summary>
    public static async Task<string> PluginAsync(HttpMessageInvoker shared, Type handlerType, Uri uri, string kind)
    {
        ArgumentNullException.ThrowIfNull(shared);
        ArgumentNullException.ThrowIfNull(handlerType);
        var local = new AsyncLocal<object> { Value = new PluginState() };
        HttpMessageInvoker invoker = shared;
        if (kind != "the program's handler")
        {
            var handler = (HttpMessageHandler)Activator.CreateInstance(handlerType)!;
            handlerType.GetProperty(nameof(SocketsHttpHandler.UseProxy))!.SetValue(handler, false);
            handlerType.GetProperty(nameof(SocketsHttpHandler.ResponseHeaderEncodingSelector))!.SetValue(
                handler, new HeaderEncodingSelector<HttpRequestMessage>(
                    (_, _) => local.Value is null ? null : System.Text.Encoding.Latin1));
            invoker = new HttpMessageInvoker(handler);
        }

        string body;
        using (HttpResponseMessage response =
            await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), default).ConfigureAwait(false))
        {
            body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        }

        if (kind == "its own, disposed")
        {
            invoker.Dispose();
        }

        GC.KeepAlive(local);
        return body;
    }

    private static async Task<Thread> MarkAsync(HttpMessageInvoker invoker, Uri uri, string property)
    {
        for (int i = 0; i < 30; i++)
        {
            // until the transport's own thread is the one that continues us
            using HttpResponseMessage warm =
                await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), default).ConfigureAwait(false);
        }

        using HttpResponseMessage response =
            await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), default).ConfigureAwait(false);
        Thread thread = Thread.CurrentThread;
        switch (property)
        {
            case "IsBackground":
                thread.IsBackground = false;
                break;
            case "Priority":
                thread.Priority = ThreadPriority.BelowNormal;
                break;
            default:
                thread.Name = "the user's name";
                break;
        }

        return thread;
    }

    private static bool IsClean(Thread thread, string property) => property switch
    {
        "IsBackground" => thread.IsBackground,
        "Priority" => thread.Priority == ThreadPriority.Normal,
        _ => thread.Name != "the user's name",
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> RunPluginAsync(HttpMessageInvoker invoker, Type handlerType, Uri uri, string kind)
    {
        var context = new PluginContext();
        Assembly copy = context.LoadFromAssemblyPath(typeof(ThreadContextParityTests).Assembly.Location);
        MethodInfo plugin = copy.GetType(typeof(ThreadContextParityTests).FullName!)!.GetMethod(nameof(PluginAsync))!;
        Assert.NotSame(typeof(ThreadContextParityTests), plugin.DeclaringType);
        Assert.Equal("ok", await (Task<string>)plugin.Invoke(null, [invoker, handlerType, uri, kind])!);
        context.Unload();
        return new WeakReference(context);
    }

    private sealed class PluginState;

    private sealed class PluginContext() : AssemblyLoadContext(isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) => null; // all but the plug-in itself is shared
    }
}

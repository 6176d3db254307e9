using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Results;

public sealed class ClosingSideTests
{
    private static readonly CloseReason[] s_server =
    [
        CloseReason.ServerClosed, CloseReason.ConnectionCloseHeader, CloseReason.Http10, CloseReason.BodyEndedByClose,
        CloseReason.ReadError, CloseReason.WriteError,
        CloseReason.GoAway, CloseReason.Http11Required,
    ];

    [Fact]
    public void Every_reason_has_a_side()
    {
        // One without a case throws here, whatever the compiler was told.
        CloseReason[] server = [.. Enum.GetValues<CloseReason>().Where(ClosingSide.IsServer)];
        Assert.Equal(s_server.Order(), server.Order());
        Assert.All(
            Enum.GetValues<CloseReason>(),
            static reason => Assert.Equal(ClosingSide.IsServer(reason), ClosingSide.IsServer(reason.ToString())));
    }

    [Fact]
    public void A_reason_without_a_side_throws() =>
        Assert.ThrowsAny<InvalidOperationException>(static () => ClosingSide.IsServer((CloseReason)Enum.GetValues<CloseReason>().Length));

    [Theory]
    [InlineData("InventedLater")]
    [InlineData("999")]
    [InlineData("")]
    public void A_name_of_another_version_is_not_the_server_s(string name) => Assert.False(ClosingSide.IsServer(name));
}

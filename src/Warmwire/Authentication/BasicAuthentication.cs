using System.Net;
using System.Text;

namespace Warmwire.Authentication;

/// <summary>
/// The Basic scheme (RFC 7617). Name and password are sent in UTF-8, which is what <c>charset="UTF-8"</c> asks for and what .NET does
/// without it, too.
/// </summary>
internal static class BasicAuthentication
{
    /// <summary>The value of the field.</summary>
    public static string Answer(NetworkCredential credential)
    {
        string name = credential.Domain.Length == 0 ? credential.UserName : $@"{credential.Domain}\{credential.UserName}";
        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{credential.Password}"));
    }
}

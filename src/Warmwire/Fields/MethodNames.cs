namespace Warmwire.Fields;

/// <summary>Request methods as they are sent.</summary>
internal static class MethodNames
{
    /// <summary>
    /// Methods are case-sensitive (RFC 9110 §9.1), but .NET sends the ones it knows in upper case however they were written.
    /// </summary>
    public static string Canonical(string method) =>
        method.ContainsAny(FieldSyntax.LowerCaseLetters) ? HttpMethod.Parse(method).Method : method;

    /// <summary>
    /// RFC 9110 §8.6: a method that anticipates content says so when there is none. The exceptions are .NET's: it also says so for methods
    /// it does not know.
    /// </summary>
    public static bool AnnouncesEmptyBody(string method) => method is not ("GET" or "HEAD" or "CONNECT" or "OPTIONS" or "DELETE");
}

using System.Buffers;

namespace Warmwire.Samples.PubSub;

/// <summary>
/// The names that go into a path, by the service's rules. A name that keeps them cannot leave its place in the path, and is escaped all the
/// same.
/// </summary>
internal static class ResourceNames
{
    private const int ProjectLength = 100;
    private const int TopicMinLength = 3;
    private const int TopicMaxLength = 255;

    private static readonly SearchValues<char> s_topic = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+%");
    private static readonly SearchValues<char> s_project = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.:");

    /// <returns>What is wrong with the project's name or number, or <see langword="null"/>.</returns>
    public static string? WrongProject(string project) =>
        project.Length is 0 or > ProjectLength || project.AsSpan().ContainsAnyExcept(s_project) || !char.IsAsciiLetterOrDigit(project[0])
            ? $"a project must have 1 to {ProjectLength} lower-case letters, digits or any of -.: and begin with a letter or digit, "
                + $"which '{Shortened(project)}' does not"
            : null;

    /// <returns>What is wrong with the topic's name, or <see langword="null"/>.</returns>
    public static string? WrongTopic(string topic)
    {
        if (topic.Length is < TopicMinLength or > TopicMaxLength
            || topic.AsSpan().ContainsAnyExcept(s_topic)
            || !char.IsAsciiLetter(topic[0]))
        {
            return $"a topic must have {TopicMinLength} to {TopicMaxLength} letters, digits or any of -._~+% and begin with a letter, "
                + $"which '{Shortened(topic)}' does not";
        }

        return topic.StartsWith("goog", StringComparison.Ordinal)
            ? $"a topic must not begin with 'goog', as '{Shortened(topic)}' does"
            : null;
    }

    public static string PublishPath(string project, string topic) =>
        $"v1/projects/{Uri.EscapeDataString(project)}/topics/{Uri.EscapeDataString(topic)}:publish";

    // A name may come from a request; the message that refuses it should not carry megabytes.
    private static string Shortened(string name) => name.Length <= 64 ? name : name[..64] + "…";
}

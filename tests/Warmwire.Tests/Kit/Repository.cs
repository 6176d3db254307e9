namespace Warmwire.Tests.Kit;

/// <summary>
/// The working tree, for tests that look at sources and documents. Found from where the tests run: the compiler's paths are mapped in a
/// build for release.
/// </summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Warmwire.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"Warmwire.slnx is in no folder above {AppContext.BaseDirectory}");
    }
}

#:property PublishAot=false
// Tells whether a package carries the ReadyToRun images it should, one for each platform beside the portable assembly:
// dotnet run .ci/images.cs -- artifacts/packages/Warmwire.0.1.0.nupkg
using System.IO.Compression;
using System.Reflection.PortableExecutable;

string[] platforms = ["linux-arm64", "linux-musl-arm64", "linux-musl-x64", "linux-x64", "osx-arm64", "osx-x64", "win-arm64", "win-x64"];
var expected = platforms.Select(static p => $"runtimes/{p}/lib/net10.0/Warmwire.dll")
    .Append("lib/net10.0/Warmwire.dll").Order(StringComparer.Ordinal);
var found = new List<string>();
Guid? module = null;
bool good = true;

using ZipArchive package = ZipFile.OpenRead(args[0]);
foreach (ZipArchiveEntry entry in package.Entries.Where(static e => e.FullName.EndsWith(".dll", StringComparison.Ordinal)))
{
    var bytes = new MemoryStream();
    using (Stream stream = entry.Open())
    {
        stream.CopyTo(bytes);
    }

    using var image = new PEReader(new MemoryStream(bytes.ToArray()));
    bool isReadyToRun = image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size != 0;
    if (isReadyToRun != entry.FullName.StartsWith("runtimes/", StringComparison.Ordinal))
    {
        Console.Error.WriteLine($"images: {entry.FullName} is {(isReadyToRun ? "" : "not ")}a ReadyToRun image");
        good = false;
    }

    System.Reflection.Metadata.MetadataReader metadata = System.Reflection.Metadata.PEReaderExtensions.GetMetadataReader(image);
    Guid id = metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
    module ??= id;
    if (id != module)
    {
        Console.Error.WriteLine($"images: {entry.FullName} is of another build");
        good = false;
    }

    found.Add(entry.FullName);
}

if (!found.Order(StringComparer.Ordinal).SequenceEqual(expected, StringComparer.Ordinal))
{
    Console.Error.WriteLine($"images: the package has {string.Join(", ", found)}");
    good = false;
}

return good ? 0 : 1;

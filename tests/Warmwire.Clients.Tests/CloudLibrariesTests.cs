using System.Collections.Concurrent;
using System.Net;
using System.Net.Http;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Identity.Client;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>Azure.Storage.Blobs, AWSSDK.S3 and MSAL over both handlers, against small servers that say what these libraries need.</summary>
public sealed class CloudLibrariesTests
{
    /// <summary>MD5 of 300,000 zeros, which the S3 library holds an ETag to.</summary>
    private const string ZerosMd5 = "4a21de7a58fb8ecb9a1b1f08a3068269";

    [Fact]
    [Trait("Issue10", "Q6-azure-blobs")]
    public Task Azure_blobs_are_uploaded_downloaded_and_missed() => ClientScenario.AssertAsync(
        async stage =>
        {
            var blobs = new ConcurrentDictionary<string, byte[]>(StringComparer.Ordinal);
            int failures = 1;
            await using KestrelServer server = await KestrelServer.StartAsync(async context =>
            {
                context.Response.Headers["x-ms-request-id"] = "1";
                context.Response.Headers["x-ms-version"] = "2025-01-05";
                if (HttpMethods.IsPut(context.Request.Method))
                {
                    byte[] body = await ReadAsync(context.Request);
                    if (Interlocked.Decrement(ref failures) >= 0)
                    {
                        context.Response.StatusCode = 503; // the library tries again
                        return;
                    }

                    blobs[context.Request.Path] = body;
                    context.Response.StatusCode = 201;
                    context.Response.Headers.ETag = "\"0x1\"";
                    context.Response.Headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
                    context.Response.Headers["x-ms-request-server-encrypted"] = "true";
                }
                else if (blobs.TryGetValue(context.Request.Path, out byte[]? bytes))
                {
                    context.Response.Headers.ETag = "\"0x1\"";
                    context.Response.Headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
                    context.Response.Headers["x-ms-blob-type"] = "BlockBlob";
                    context.Response.ContentType = "application/octet-stream";
                    context.Response.ContentLength = bytes.Length;
                    if (HttpMethods.IsGet(context.Request.Method))
                    {
                        context.Response.Headers.ContentRange = $"bytes 0-{bytes.Length - 1}/{bytes.Length}";
                        context.Response.StatusCode = 206;
                        await context.Response.Body.WriteAsync(bytes);
                    }
                }
                else
                {
                    context.Response.StatusCode = 404;
                    context.Response.Headers["x-ms-error-code"] = "BlobNotFound";
                }
            });
            var options = new BlobClientOptions { Transport = new HttpClientTransport(stage.Client()) };
            options.Retry.Delay = TimeSpan.FromMilliseconds(10);
            var credential = new StorageSharedKeyCredential("account", Convert.ToBase64String(new byte[32]));
            var container = new BlobContainerClient(new Uri(server.HttpUri, "account/container"), credential, options);
            await container.GetBlobClient("blob").UploadAsync(BinaryData.FromBytes(new byte[300_000]), overwrite: true);
            stage.Outcome.Tell("uploaded", blobs["/account/container/blob"].Length);
            stage.Outcome.Tell("downloaded", (await container.GetBlobClient("blob").DownloadContentAsync()).Value.Content.ToArray().Length);
            using (Stream stream = await container.GetBlobClient("blob").OpenReadAsync())
            {
                using var copy = new MemoryStream();
                await stream.CopyToAsync(copy);
                stage.Outcome.Tell("read", copy.Length);
            }

            try
            {
                await container.GetBlobClient("missing").DownloadContentAsync();
            }
            catch (Azure.RequestFailedException e)
            {
                stage.Outcome.Tell("missing", $"{e.Status} {e.ErrorCode}");
            }

            stage.Outcome.TellAtMost("connections", server.Connections);
        },
        ("uploaded", 300_000), ("downloaded", 300_000), ("read", 300_000), ("missing", "404 BlobNotFound"));

    [Fact]
    [Trait("Issue10", "Q7-aws-s3")]
    public Task S3_objects_are_put_got_listed_and_missed() => ClientScenario.AssertAsync(
        async stage =>
        {
            var objects = new ConcurrentDictionary<string, byte[]>(StringComparer.Ordinal);
            int failures = 1;
            await using KestrelServer server = await KestrelServer.StartAsync(async context =>
            {
                if (HttpMethods.IsPut(context.Request.Method))
                {
                    byte[] body = await ReadAsync(context.Request);
                    if (Interlocked.Decrement(ref failures) >= 0)
                    {
                        context.Response.StatusCode = 503;
                        return;
                    }

                    objects[context.Request.Path] = body;
                    context.Response.Headers.ETag = $"\"{ZerosMd5}\"";
                }
                else if (context.Request.Query.ContainsKey("list-type"))
                {
                    context.Response.ContentType = "application/xml";
                    await context.Response.WriteAsync(
                        "<?xml version=\"1.0\"?><ListBucketResult><Name>bucket</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>"
                        + $"<Contents><Key>key</Key><Size>300000</Size><ETag>&quot;{ZerosMd5}&quot;</ETag></Contents></ListBucketResult>");
                }
                else if (objects.TryGetValue(context.Request.Path, out byte[]? bytes))
                {
                    context.Response.Headers.ETag = $"\"{ZerosMd5}\"";
                    context.Response.ContentLength = 300_000;
                    await context.Response.Body.WriteAsync(new byte[300_000]);
                }
                else
                {
                    context.Response.StatusCode = 404;
                    context.Response.ContentType = "application/xml";
                    await context.Response.WriteAsync(
                        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>");
                }
            });
            using var s3 = new AmazonS3Client(new BasicAWSCredentials("id", "secret"), new AmazonS3Config
            {
                ServiceURL = server.HttpUri.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
                HttpClientFactory = new OneClientFactory(stage.Client()),
            });
            await s3.PutObjectAsync(new PutObjectRequest { BucketName = "bucket", Key = "key",
                InputStream = new MemoryStream(new byte[300_000]) });
            stage.Outcome.Tell("put", objects["/bucket/key"].Length >= 300_000); // with the chunks' signatures around it
            using (GetObjectResponse response = await s3.GetObjectAsync("bucket", "key"))
            {
                using var copy = new MemoryStream();
                await response.ResponseStream.CopyToAsync(copy);
                stage.Outcome.Tell("got", copy.Length);
            }

            ListObjectsV2Response list = await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = "bucket" });
            stage.Outcome.Tell("listed", string.Join(",", list.S3Objects.Select(entry => $"{entry.Key} {entry.Size}")));
            try
            {
                using GetObjectResponse missing = await s3.GetObjectAsync("bucket", "missing");
            }
            catch (AmazonS3Exception e)
            {
                stage.Outcome.Tell("missing", $"{e.StatusCode} {e.ErrorCode}");
            }

            stage.Outcome.TellAtMost("connections", server.Connections);
        },
        ("put", true), ("got", 300_000), ("listed", "key 300000"), ("missing", "NotFound NoSuchKey"));

    [Fact]
    [Trait("Issue10", "Q8-msal")]
    public Task MSAL_gets_a_token_and_tells_a_refusal() => ClientScenario.AssertAsync(
        async stage =>
        {
            int requests = 0;
            await using KestrelServer server = await KestrelServer.StartAsync(async context =>
            {
                Interlocked.Increment(ref requests);
                string form = Encoding.UTF8.GetString(await ReadAsync(context.Request));
                context.Response.ContentType = "application/json";
                if (form.Contains("refused", StringComparison.Ordinal))
                {
                    context.Response.StatusCode = 400;
                    await context.Response.WriteAsync("""{"error":"invalid_scope","error_description":"refused","correlation_id":"1"}""");
                }
                else
                {
                    await context.Response.WriteAsync(
                        """{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"the token"}""");
                }
            });
            IConfidentialClientApplication app = ConfidentialClientApplicationBuilder.Create("00000000-0000-0000-0000-000000000001")
                .WithClientSecret("secret")
                .WithAuthority(new Uri(server.HttpsUri, "00000000-0000-0000-0000-000000000002").AbsoluteUri, validateAuthority: false)
                .WithInstanceDiscovery(false)
                .WithHttpClientFactory(new OneMsalClientFactory(stage.Client()))
                .Build();
            stage.Outcome.Tell("token", (await app.AcquireTokenForClient(["api/.default"]).ExecuteAsync()).AccessToken);
            try
            {
                await app.AcquireTokenForClient(["refused/.default"]).ExecuteAsync();
            }
            catch (MsalServiceException e)
            {
                stage.Outcome.Tell("refused", $"{e.StatusCode} {e.ErrorCode}");
            }

            stage.Outcome.Tell("requests", requests);
            stage.Outcome.TellAtMost("connections", server.Connections);
        },
        ("token", "the token"), ("refused", "400 invalid_scope"));

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var copy = new MemoryStream();
        await request.Body.CopyToAsync(copy);
        return copy.ToArray();
    }

    private sealed class OneClientFactory(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }

    private sealed class OneMsalClientFactory(HttpClient client) : IMsalHttpClientFactory
    {
        public HttpClient GetHttpClient() => client;
    }
}

using System.Globalization;
using System.Text;

namespace Warmwire.Bench.Servers;

/// <summary>The text of nginx's configuration.</summary>
internal static class NginxConfiguration
{
    private const int ExtraHeaders = 25; // with Server, Date, Content-Type, Content-Length and Connection: 30

    public static string Write(ServerFiles files, ServerPorts ports, int streams) => $$"""
        {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
        worker_processes 1;
        daemon off;
        error_log stderr crit;
        pid {{files.Folder}}/nginx.pid;
        events { worker_connections 8192; }
        http {
            access_log off;
            server_tokens off;
            sendfile on;
            tcp_nodelay on;
            keepalive_timeout 3600s;
            keepalive_requests 1000000000;
            http2_max_concurrent_streams {{Number(streams)}};
            default_type text/plain;
            client_body_temp_path {{files.Folder}}/body;
            proxy_temp_path {{files.Folder}}/proxy;
            fastcgi_temp_path {{files.Folder}}/fastcgi;
            uwsgi_temp_path {{files.Folder}}/uwsgi;
            scgi_temp_path {{files.Folder}}/scgi;
            server {
                listen 127.0.0.1:{{Number(ports.Http)}} backlog=8192;
                listen 127.0.0.1:{{Number(ports.Https)}} ssl backlog=8192;
                listen 127.0.0.1:{{Number(ports.Http2)}} http2 backlog=8192;
                listen 127.0.0.1:{{Number(ports.Https2)}} ssl http2 backlog=8192;
                ssl_certificate {{files.Certificate}};
                ssl_certificate_key {{files.Key}};
                root {{files.Folder}};
                location = /plaintext { return 200 "Hello, World!\n"; }
                location = /post { return 200 "Hello, World!\n"; }
                location = /chunked {
                    # A filter that may change the body makes its length unknown, so it goes out in chunks.
                    sub_filter_types *;
                    sub_filter "no such text" "";
                    return 200 "Hello, World!\n";
                }
                location = /headers {
        {{Headers()}}            return 200 "Hello, World!\n";
                }
                location = /stats { stub_status; }
                location = /1m { }
                location = /1g { }
            }
        }
        """;

    private static string Headers()
    {
        var text = new StringBuilder();
        for (int i = 0; i < ExtraHeaders; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"            add_header X-Bench-{i} \"a value of an ordinary length\";\n");
        }

        return text.ToString();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

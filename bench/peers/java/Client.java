import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A client of the bench on java.net.http, asynchronous. It speaks the lines of Warmwire.Bench.Client: its arguments are a shape and
 * name=value words, each "run seconds=3" on standard input is answered by one line of JSON.
 */
public final class Client {
    private static final int SUB_BITS = 6;

    /** The same buckets as Histogram.cs: 1/64 of their value wide. */
    private final AtomicLongArray counts = new AtomicLongArray(37 << SUB_BITS);
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong errors = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final HttpClient client;
    private final HttpRequest request;
    private final int connections;
    private final HttpClient.Version version;

    private Client(Map<String, String> settings) throws Exception {
        connections = Integer.parseInt(settings.get("connections"));
        boolean http2 = Integer.parseInt(settings.getOrDefault("http2", "0")) > 0;
        version = http2 ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
        int body = Integer.parseInt(settings.getOrDefault("body", "0"));
        // One thread besides the selector's, on the one core it has; the default makes threads at will.
        Executor executor = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "work");
            thread.setDaemon(true);
            return thread;
        });
        HttpClient.Builder builder = HttpClient.newBuilder().version(version).executor(executor);
        if ("1".equals(settings.get("insecure"))) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new TrustAnything()}, null);
            builder.sslContext(context);
        }
        client = builder.build();
        HttpRequest.Builder message = HttpRequest.newBuilder(URI.create(settings.get("url")));
        request = (body == 0 ? message.GET() : message.POST(HttpRequest.BodyPublishers.ofByteArray(new byte[body]))).build();
        if (http2) {
            // The others find the connection of the first.
            client.send(request, info -> new Discard(bytes));
        }
    }

    public static void main(String[] arguments) throws Exception {
        Client load = new Client(words(arguments));
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            load.run(Double.parseDouble(words(line.split(" ")).get("seconds")), system);
        }
        System.exit(0);
    }

    private static Map<String, String> words(String[] arguments) {
        Map<String, String> values = new HashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals > 0) {
                values.put(argument.substring(0, equals), argument.substring(equals + 1));
            }
        }
        return values;
    }

    private void run(double seconds, OperatingSystemMXBean system) throws Exception {
        for (int i = 0; i < counts.length(); i++) {
            counts.set(i, 0);
        }
        requests.set(0);
        errors.set(0);
        bytes.set(0);
        long cpu = system.getProcessCpuTime();
        long[] switches = switches();
        long start = System.nanoTime();
        long deadline = start + (long) (seconds * 1e9);
        CountDownLatch left = new CountDownLatch(connections);
        for (int i = 0; i < connections; i++) {
            next(System.nanoTime(), deadline, left);
        }
        left.await();
        long wall = System.nanoTime() - start;
        long[] switchesAfter = switches();
        System.out.println(String.format(
            Locale.ROOT,
            "{\"requests\":%d,\"errors\":%d,\"bytes\":%d,\"wallUs\":%d,\"userUs\":%d,\"systemUs\":0,\"voluntary\":%d,\"involuntary\":%d,"
                + "\"p50Us\":%.3f,\"p99Us\":%.3f,\"p999Us\":%.3f}",
            requests.get(), errors.get(), bytes.get(), wall / 1000, (system.getProcessCpuTime() - cpu) / 1000,
            switchesAfter[0] - switches[0], switchesAfter[1] - switches[1], microseconds(50), microseconds(99), microseconds(99.9)));
    }

    private void next(long from, long deadline, CountDownLatch left) {
        client.sendAsync(request, info -> new Discard(bytes)).whenComplete((response, failure) -> {
            boolean failed = failure != null || response.statusCode() != 200 || response.version() != version;
            long failures = failed ? errors.incrementAndGet() : 0;
            requests.incrementAndGet();
            long to = System.nanoTime();
            record(to - from);
            if (to < deadline && failures < 100) {
                next(to, deadline, left);
            } else {
                left.countDown();
            }
        });
    }

    private void record(long nanoseconds) {
        int index = (int) nanoseconds;
        if (nanoseconds >= 1 << SUB_BITS) {
            int shift = 63 - Long.numberOfLeadingZeros(nanoseconds) - SUB_BITS;
            index = (shift << SUB_BITS) + (int) (nanoseconds >> shift);
        }
        counts.incrementAndGet(index);
    }

    private double microseconds(double percent) {
        long total = 0;
        for (int i = 0; i < counts.length(); i++) {
            total += counts.get(i);
        }
        double rank = percent / 100 * total;
        long seen = 0;
        for (int i = 0; i < counts.length(); i++) {
            seen += counts.get(i);
            if (counts.get(i) > 0 && seen >= rank) {
                if (i < 2 << SUB_BITS) {
                    return i / 1000.0;
                }
                int shift = (i >> SUB_BITS) - 1;
                return (((long) (i - (shift << SUB_BITS)) << shift) + (1L << shift) / 2.0) / 1000;
            }
        }
        return 0;
    }

    /** Voluntary and involuntary context switches of the threads that live. */
    private static long[] switches() throws IOException {
        long[] sums = new long[2];
        Path tasks = Path.of("/proc/self/task");
        if (!Files.isDirectory(tasks)) {
            return sums;
        }
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                for (String line : readLines(thread.resolve("status"))) {
                    if (line.startsWith("voluntary_ctxt_switches:")) {
                        sums[0] += Long.parseLong(line.substring(line.indexOf(':') + 1).trim());
                    } else if (line.startsWith("nonvoluntary_ctxt_switches:")) {
                        sums[1] += Long.parseLong(line.substring(line.indexOf(':') + 1).trim());
                    }
                }
            }
        }
        return sums;
    }

    private static List<String> readLines(Path path) {
        try {
            return Files.readAllLines(path);
        } catch (IOException e) {
            return List.of(); // the thread has ended
        }
    }

    /** Counts a body and keeps none of it. */
    private static final class Discard implements HttpResponse.BodySubscriber<Void> {
        private final CompletableFuture<Void> end = new CompletableFuture<>();
        private final AtomicLong bytes;

        Discard(AtomicLong bytes) {
            this.bytes = bytes;
        }

        @Override
        public CompletionStage<Void> getBody() {
            return end;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            long sum = 0;
            for (ByteBuffer buffer : buffers) {
                sum += buffer.remaining();
            }
            bytes.addAndGet(sum);
        }

        @Override
        public void onError(Throwable failure) {
            end.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            end.complete(null);
        }
    }

    private static final class TrustAnything implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind) {
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind) {
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}

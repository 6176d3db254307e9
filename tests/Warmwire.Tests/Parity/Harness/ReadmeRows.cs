using Warmwire.Tests.Pooling;
using Warmwire.Tests.Servers;

namespace Warmwire.Tests.Parity;

/// <summary>The tests that each row of README's comparison stands on.</summary>
internal static class ReadmeRows
{
    public static IReadOnlyDictionary<string, string[]> Tests { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Server reads a bodyless POST or DELETE on a fresh connection and closes"] =
        [
            nameof(DeliberateDifferenceTests.A_request_without_body_on_a_fresh_connection_is_sent_once),
        ],
        ["The same POST on a reused connection"] =
        [
            nameof(ReadmeComparisonTests.A_request_on_a_reused_connection_that_the_server_closes),
        ],
        ["A GET on a reused connection that the server just closed"] =
        [
            nameof(ReadmeComparisonTests.A_request_on_a_reused_connection_that_the_server_closes),
        ],
        ["`Content-Length` and `Transfer-Encoding: chunked` in one response"] =
        [
            nameof(ReadmeComparisonTests.A_response_with_two_framings_keeps_its_connection_with_NET_and_closes_it_here),
        ],
        ["Two different `Content-Length`"] =
        [
            nameof(ReadmeComparisonTests.A_response_with_two_framings_keeps_its_connection_with_NET_and_closes_it_here),
        ],
        ["`Content-Length: +5`"] =
        [
            nameof(ReadmeComparisonTests.A_length_that_NET_ignores_leaves_it_waiting_for_the_end_of_the_connection),
        ],
        ["`Content-Length: 5, 5`"] =
        [
            nameof(ReadmeComparisonTests.A_length_that_NET_ignores_leaves_it_waiting_for_the_end_of_the_connection),
        ],
        ["`Transfer-Encoding: gzip` beside a length, or `chunked, gzip`"] =
        [
            nameof(ReadmeComparisonTests.A_response_with_two_framings_keeps_its_connection_with_NET_and_closes_it_here),
        ],
        ["Bare LF as line end, space before a colon, folded line, NUL in a value"] =
        [
            nameof(DeliberateDifferenceTests.A_response_that_can_be_read_in_two_ways_is_refused),
        ],
        ["HTTP/1.0 response without `keep-alive`"] =
        [
            nameof(DeliberateDifferenceTests.A_connection_of_an_HTTP_1_0_server_is_not_reused_unless_it_says_so),
        ],
        ["CR LF or NUL in a request header, CR LF in an uncanonicalised URI"] =
        [
            nameof(ReadmeComparisonTests.A_header_value_that_forges_another_is_sent_by_NET_and_refused_here),
            nameof(ReadmeComparisonTests.A_line_break_in_a_URI_that_is_not_canonicalised_is_sent_by_NET_and_refused_here),
        ],
        ["Redirect to another origin"] =
        [
            nameof(DeliberateDifferenceTests.Credentials_and_cookies_do_not_travel_to_another_host),
        ],
        ["Server answers 413 in mid-upload, and closes"] =
        [
            nameof(ReadmeComparisonTests.A_413_in_mid_upload_is_lost_by_NET_and_delivered_here),
        ],
        ["gzip body cut in the middle"] =
        [
            nameof(ReadmeComparisonTests.A_gzip_body_that_is_cut_is_a_shorter_text_with_NET_and_fails_here),
        ],
        ["50 requests, each cancelled while its answer is under way"] =
        [
            nameof(ReadmeComparisonTests.Requests_that_are_cancelled_cost_a_connection_each_with_NET_and_none_here),
        ],
        ["A burst of 200 requests, then quiet"] =
        [
            nameof(ReadmeComparisonTests.Of_a_burst_of_200_all_connections_stay_with_NET_and_100_here),
            nameof(IdleCapTests.The_cap_holds_when_a_burst_is_over_for_some_seconds),
        ],
        ["Response never disposed, one connection allowed"] =
        [
            nameof(ReadmeComparisonTests.A_response_that_is_never_disposed_holds_the_only_connection_until_it_is_collected),
            nameof(DrainTests.A_response_nobody_disposed_is_found_reported_and_its_connection_reused),
        ],
        ["`Dispose` of the handler with a request in flight"] =
        [
            nameof(ReadmeComparisonTests.Disposing_the_handler_leaves_a_request_waiting_with_NET_and_fails_it_here),
        ],
        ["2,000 interim responses before the final one"] =
        [
            nameof(ReadmeComparisonTests.NET_accepts_2000_interim_responses_and_here_more_than_100_are_refused),
        ],
        ["Time to connect, to shake hands, to wait for a head or for body bytes"] =
        [
            nameof(ReadmeComparisonTests.NET_has_no_such_member),
            nameof(ReadmeComparisonTests.NET_waits_for_a_connection_without_end),
            nameof(RudeServerTests.A_stall_ends_with_the_timeout_of_its_phase),
        ],
        ["Close idle connections, open them ahead of need, list them"] =
        [
            nameof(ReadmeComparisonTests.NET_has_no_such_member),
            nameof(LifecycleTests.Closing_idle_connections_leaves_busy_ones_alone),
            nameof(LifecycleTests.The_snapshot_adds_up_and_reads_well),
            nameof(LifecycleTests.Prewarming_opens_what_is_missing_and_leaves_it_idle),
        ],
    };
}

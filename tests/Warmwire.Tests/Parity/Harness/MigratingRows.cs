using Warmwire.Tests.Pooling;
using Warmwire.Tests.Proxies;

namespace Warmwire.Tests.Parity;

/// <summary>The tests that each row of the table of differences in docs/migrating.md stands on.</summary>
internal static class MigratingRows
{
    public static IReadOnlyDictionary<string, string[]> Tests { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Upload answered early, below 300"] =
        [
            nameof(EarlyAnswerParityTests.An_upload_that_is_answered_early_with_2xx_is_sent_to_its_end),
            nameof(EarlyAnswerParityTests.A_chunked_upload_that_is_answered_early_with_2xx_is_sent_to_its_end),
            nameof(EarlyAnswerParityTests.An_HTTP_2_upload_that_is_answered_early_with_2xx_is_sent_to_its_end),
            nameof(EarlyAnswerParityTests.A_server_that_answers_2xx_and_stops_reading_gives_no_success),
        ],
        ["Upload answered early, 300 or above"] =
        [
            nameof(EarlyAnswerParityTests.An_upload_that_is_refused_early_may_be_abandoned_and_the_answer_is_delivered),
        ],
        ["`SendAsync` while ordinary content is sent"] =
        [
            nameof(EarlyAnswerParityTests.SendAsync_does_not_return_while_content_of_any_type_is_being_sent_over_HTTP_1),
            nameof(EarlyAnswerParityTests.SendAsync_does_not_return_while_content_of_NETs_own_types_is_being_sent_over_HTTP_2),
        ],
        ["`SendAsync` with duplex content, HTTP/2"] =
        [
            nameof(EarlyAnswerParityTests.SendAsync_returns_with_the_head_while_a_duplex_content_is_still_being_sent_over_HTTP_2),
        ],
        ["Content calls `Flush`"] =
        [
            nameof(FlushingContentParityTests.A_flush_of_the_request_stream_sends_what_there_is),
            nameof(FlushingContentParityTests.A_flush_of_the_request_stream_of_HTTP_2_sends_what_there_is),
        ],
        ["Content throws `InvalidOperationException`"] =
        [
            nameof(RequestContentParityTests.A_content_that_throws_gives_HttpRequestException_with_it_inside),
        ],
        ["HTTP/2: the server echoes an upload larger than its windows"] =
        [
            nameof(EarlyAnswerParityTests.An_echo_that_is_larger_than_the_windows_comes_back_over_HTTP_2),
        ],
        ["HTTP/2: a write with a cancelled token, or after the end"] =
        [
            nameof(RequestContentParityTests.A_write_or_flush_of_the_request_stream_of_HTTP_2_observes_its_token),
            nameof(RequestContentParityTests.A_write_after_the_exchange_ended_is_OperationCanceledException),
        ],
        ["Cancelled token, connection refused or GOAWAY"] =
        [
            nameof(CancellationParityTests.A_cancelled_request_whose_connection_is_refused),
            nameof(CancellationParityTests.A_cancelled_request_that_meets_a_GOAWAY_and_finds_no_other_connection),
        ],
        ["`Send` with content or streams that are only synchronous"] =
        [
            nameof(SynchronousSendParityTests.A_content_that_has_only_a_synchronous_writer_is_sent),
            nameof(SynchronousSendParityTests.A_stream_of_ConnectCallback_that_works_only_synchronously_is_used_synchronously),
        ],
        ["`ConnectCallback` returns an authenticated `SslStream`"] =
        [
            nameof(ConnectCallbackParityTests.An_authenticated_SslStream_for_https_is_used_with_what_it_negotiated),
        ],
        ["The same, HTTP/2 negotiated, request of HTTP/1.1"] =
        [
            nameof(MigratingComparisonTests.HTTP_1_is_written_by_NET_to_an_SslStream_that_negotiated_HTTP_2_and_here_it_is_refused),
            nameof(ConnectCallbackParityTests.An_SslStream_that_negotiated_HTTP_2_is_refused_in_words_for_a_request_of_HTTP_1),
        ],
        ["Callbacks: AsyncLocals and `Activity` of the caller"] =
        [
            nameof(UserCallbackContextParityTests.A_callback_has_no_context_of_the_caller_but_its_AsyncLocals_and_activity_as_with_NET),
        ],
        ["`Dispose` while a body, tunnel or WebSocket is in use"] =
        [
            nameof(DisposalParityTests.A_body_in_progress_is_read_to_its_end_and_its_connection_closes_then),
            nameof(DisposalParityTests.A_body_of_HTTP_2_in_progress_is_read_to_its_end_and_its_connection_closes_then),
            nameof(DisposalParityTests.A_stream_behind_101_lives_on),
            nameof(DisposalParityTests.A_WebSocket_lives_on_when_the_invoker_it_was_made_with_is_disposed),
            nameof(DisposalParityTests.A_hard_stop_stays_as_an_explicit_method),
        ],
        ["`Dispose` of the handler alone, requests without a head"] =
        [
            nameof(ReadmeComparisonTests.Disposing_the_handler_leaves_a_request_waiting_with_NET_and_fails_it_here),
        ],
        ["Handler not disposed, then collected"] =
        [
            nameof(UndisposedHandlerParityTests.Connections_of_handlers_that_nobody_disposed_close_when_the_handlers_are_collected),
            nameof(UndisposedHandlerParityTests.Connections_of_HTTP_2_of_handlers_that_nobody_disposed_close_too),
        ],
        ["`PooledConnectionIdleTimeout` 0 with waiters"] =
        [
            nameof(IdleTimeoutZeroParityTests.A_connection_goes_to_the_next_waiter_when_nothing_may_be_idle),
        ],
        ["Idle connections after a burst"] =
        [
            nameof(ReadmeComparisonTests.Of_a_burst_of_200_all_connections_stay_with_NET_and_100_here),
            nameof(IdleCapTests.The_cap_holds_when_a_burst_is_over_for_some_seconds),
        ],
        ["Stray bytes that arrived before the lease"] =
        [
            nameof(StrayBytesParityTests.With_the_strict_setting_bytes_that_had_arrived_before_a_lease_are_never_its_answer),
        ],
        ["Response disposed unread: `ResponseDrainTimeout`"] =
        [
            nameof(MigratingComparisonTests.A_response_that_is_disposed_unread_is_drained_for_ResponseDrainTimeout),
            nameof(DropInTests.A_property_has_the_name_type_nullability_and_default_of_NET),
        ],
        ["`ConnectTimeout` during the TLS handshake"] =
        [
            nameof(TimeoutParityTests.ConnectTimeout_bounds_the_TLS_handshake_too),
        ],
        ["Connect or TLS handshake timed out"] =
        [
            nameof(MigratingComparisonTests.A_connect_that_timed_out_is_a_cancellation_with_NET_and_TimedOut_here),
            nameof(TimeoutParityTests.A_connect_that_timed_out_has_a_SocketException_TimedOut_inside),
        ],
        ["Server requires a certificate, TLS 1.3"] =
        [
            nameof(TlsAlertParityTests.A_server_that_requires_a_certificate_gives_SecureConnectionError),
        ],
        ["Name in SNI, host with a trailing dot"] =
        [
            nameof(TlsAlertParityTests.The_name_in_SNI_has_no_trailing_dot),
        ],
        ["Name in SNI, `SslOptions.TargetHost` set"] =
        [
            nameof(TlsParityTests.A_target_host_that_was_set_is_the_name_while_NET_overwrites_it),
        ],
        ["2.0 `RequestVersionExact` over TLS, the server has 1.1 only"] =
        [
            nameof(MigratingComparisonTests.What_a_server_chose_that_refuses_HTTP_2_is_said_here),
        ],
        ["Response bodies seekable"] =
        [
            nameof(BodyStreamParityTests.A_body_is_never_seekable),
            nameof(BodyStreamParityTests.A_body_of_HTTP_2_is_never_seekable),
        ],
        ["Read of a chunked body"] =
        [
            nameof(BodyStreamParityTests.A_read_of_a_chunked_body_fills_the_memory_of_the_caller),
        ],
        ["HEAD, 204, 304 with any framing fields"] =
        [
            nameof(ResponsesOfRealServersParityTests.A_response_that_has_no_body_ends_at_the_empty_line_and_its_connection_is_reused),
        ],
        ["`Transfer-Encoding: identity`"] =
        [
            nameof(ResponsesOfRealServersParityTests.Transfer_Encoding_identity_is_no_coding_and_its_connection_is_not_reused),
        ],
        ["Part of a gzip body (206)"] =
        [
            nameof(ResponsesOfRealServersParityTests.A_part_of_a_gzip_body_ends_in_mid_stream_and_what_decodes_is_delivered),
        ],
        ["`Content-Encoding: x-gzip`"] =
        [
            nameof(ResponsesOfRealServersParityTests.The_coding_x_gzip_is_gzip),
        ],
        ["HTTP/2 value with white space at an end"] =
        [
            nameof(ResponsesOfRealServersParityTests.A_value_of_HTTP_2_with_white_space_at_an_end_is_delivered_as_with_NET),
        ],
        ["More than 1,000 header lines"] =
        [
            nameof(ResponsesOfRealServersParityTests
                .More_header_lines_than_allowed_are_ConfigurationLimitExceeded_and_the_number_can_be_set),
        ],
        ["Chunk size padded with zeros, `5;`, `5 `"] =
        [
            nameof(ResponsesOfRealServersParityTests.A_chunk_size_may_be_padded_with_zeros),
            nameof(ResponsesOfRealServersParityTests.What_stands_behind_a_chunk_size_is_decided_and_written_down),
        ],
        ["Contradicting lengths, bare LF, folded headers"] =
        [
            nameof(DeliberateDifferenceTests.A_response_that_can_be_read_in_two_ways_is_refused),
        ],
        ["HTTP/1.0 response without `keep-alive`"] =
        [
            nameof(DeliberateDifferenceTests.A_connection_of_an_HTTP_1_0_server_is_not_reused_unless_it_says_so),
        ],
        ["No answer on a new connection, request without body"] =
        [
            nameof(DeliberateDifferenceTests.A_request_without_body_on_a_fresh_connection_is_sent_once),
        ],
        ["Line break in a request header"] =
        [
            nameof(DeliberateDifferenceTests.A_line_break_in_a_header_is_refused_before_a_byte_leaves),
            nameof(ReadmeComparisonTests.A_header_value_that_forges_another_is_sent_by_NET_and_refused_here),
        ],
        ["`Transfer-Encoding: chunked` without content"] =
        [
            nameof(VersionPolicyParityTests.Transfer_Encoding_chunked_without_content_is_refused_before_anything_is_dialed),
        ],
        ["The caller's transfer coding"] =
        [
            nameof(DeliberateDifferenceTests.A_transfer_coding_of_the_caller_is_sent_chunked_and_without_a_length),
        ],
        ["`Host` of the caller"] =
        [
            nameof(DeliberateDifferenceTests.Host_is_the_first_header_also_when_the_caller_gives_it),
        ],
        ["`RequestUri` of the request after a redirect"] =
        [
            nameof(DeliberateDifferenceTests.A_redirect_leaves_the_request_of_the_caller_as_it_was),
        ],
        ["`Authorization` in a same-origin redirect"] =
        [
            nameof(DeliberateDifferenceTests.Authorization_survives_a_redirect_within_its_origin),
        ],
        ["`Authorization` in a redirect to another origin"] =
        [
            nameof(DeliberateDifferenceTests.Credentials_and_cookies_do_not_travel_to_another_host),
        ],
        ["`Cookie`, `Proxy-Authorization` to another origin"] =
        [
            nameof(DeliberateDifferenceTests.Credentials_and_cookies_do_not_travel_to_another_host),
        ],
        ["`Host` of the caller in a redirect to another origin"] =
        [
            nameof(DeliberateDifferenceTests.A_Host_of_the_caller_does_not_travel_to_another_host),
        ],
        ["Redirect whose body cannot be sent again"] =
        [
            nameof(DeliberateDifferenceTests.A_redirect_that_cannot_repeat_the_body_is_returned),
        ],
        ["A proxy refuses a tunnel"] =
        [
            nameof(ProxyRefusalParityTests.A_refused_tunnel_is_the_same_error),
        ],
        ["Credentials that a proxy has accepted"] =
        [
            nameof(ProxyDifferenceTests.What_a_proxy_has_accepted_is_sent_at_once),
        ],
        ["Digest towards a proxy: what is hashed"] =
        [
            nameof(ProxyAuthenticationParityTests.Digest_says_what_it_says_in_NET_over_the_target_of_the_request),
        ],
        ["`Proxy-Authorization` of the caller, refused with a challenge"] =
        [
            nameof(ProxyAuthenticationParityTests.A_field_of_the_callers_goes_first_and_is_replaced_where_it_is_refused),
        ],
        ["`Proxy-Authorization` of the caller, through a tunnel"] =
        [
            nameof(ProxyDifferenceTests.What_the_caller_says_to_the_proxy_is_not_sent_to_the_server),
        ],
        ["HTTP/2 without TLS through an HTTP proxy"] =
        [
            nameof(ProxyDifferenceTests.HTTP2_without_TLS_goes_through_a_tunnel),
        ],
        ["Name and password in the address of a `WebProxy`"] =
        [
            nameof(ProxyDifferenceTests.Name_and_password_in_the_address_are_used),
        ],
        ["`SslOptions.TargetHost` and the certificate of an https proxy"] =
        [
            nameof(MigratingComparisonTests.A_target_host_that_was_set_is_replaced_by_the_name_of_an_https_proxy),
        ],
        ["Basic, Digest, NTLM: what is sent"] =
        [
            nameof(AuthenticationParityTests.A_challenge_is_answered_as_in_NET),
            nameof(AuthenticationParityTests.Digest_says_what_it_says_in_NET),
            nameof(AuthenticationParityTests.NTLM_ends_as_in_NET),
        ],
        ["Body of a challenged request that cannot be sent again"] =
        [
            nameof(AuthenticationParityTests.A_body_that_cannot_be_produced_again_fails_in_NET_and_is_a_refusal_here),
        ],
        ["One `NetworkCredential`, redirect within the origin"] =
        [
            nameof(AuthenticationParityTests.Behind_a_redirect_within_its_origin_credentials_are_used_here_and_not_in_NET),
        ],
        ["One `NetworkCredential`, redirect to another origin"] =
        [
            nameof(AuthenticationParityTests.Behind_a_redirect_to_another_origin_neither_sends_credentials),
        ],
        ["`CredentialCache`, redirect to another origin"] =
        [
            nameof(MigratingComparisonTests.Credentials_of_a_cache_are_used_behind_a_redirect_to_another_origin),
        ],
        ["The caller's `Authorization`, refused with a challenge"] =
        [
            nameof(AuthenticationParityTests.A_header_of_the_callers_goes_first_and_is_replaced_where_it_is_refused),
        ],
        ["The same with `PreAuthenticate`"] =
        [
            nameof(AuthenticationParityTests.An_unasked_header_of_the_callers_stays_here_and_is_replaced_in_NET),
        ],
        ["`PreAuthenticate` with Digest"] =
        [
            nameof(AuthenticationParityTests.Digest_is_sent_unasked_here_and_asked_for_in_NET),
        ],
        ["NTLM, two identities at one server"] =
        [
            nameof(MigratingComparisonTests.A_connection_of_NTLM_serves_two_identities_with_NET_and_one_here),
        ],
        ["A name with several addresses"] =
        [
            nameof(NameModelTests.One_request_at_a_time_goes_to_each_address_that_has_an_idle_connection),
            nameof(NameModelTests.An_address_that_joins_gets_its_share_of_the_traffic),
        ],
        ["An address that leaves the name"] =
        [
            nameof(NameModelTests.A_rolling_move_is_followed_within_three_intervals_and_little_by_little),
        ],
        ["A name server that fails"] =
        [
            nameof(NameOutageTests.A_name_server_that_hangs_is_asked_for_few_names_at_a_time_and_old_answers_serve),
        ],
        ["Metrics, activities, diagnostic events: names, tags, counts"] =
        [
            nameof(TelemetryParityTests.The_meter_System_Net_Http_has_the_same_instruments_tags_and_counts),
            nameof(TelemetryParityTests.Activities_of_the_source_System_Net_Http_are_the_same),
            nameof(TelemetryParityTests.HttpHandlerDiagnosticListener_writes_the_same_events),
            nameof(ConnectionActivityParityTests.Activities_of_connections_are_the_same),
        ],
        ["Trace context, nobody listens to activities"] =
        [
            nameof(MigratingComparisonTests.Where_nobody_listens_the_trace_names_an_activity_nobody_sees_with_NET_and_the_callers_here),
        ],
        ["`network.peer.address` of an IPv4 peer"] =
        [
            nameof(MigratingComparisonTests.The_address_of_an_IPv4_peer_is_mapped_with_NET_and_plain_here),
        ],
        ["`server.address` of connections without TLS"] =
        [
            nameof(MigratingComparisonTests.A_connection_is_named_after_the_Host_of_its_first_request_with_NET_and_after_its_server_here),
        ],
        ["New connection in `http.client.open_connections`"] =
        [
            nameof(MigratingComparisonTests.A_new_connection_is_counted_as_idle_first_with_NET_and_as_active_here),
        ],
        ["Metrics listener throws"] =
        [
            nameof(DeliberateDifferenceTests.A_metrics_listener_that_throws_does_not_fail_the_request),
        ],
        ["Encoding selector throws `FormatException`"] =
        [
            nameof(DeliberateDifferenceTests.Whatever_a_selector_of_encodings_throws_is_inside_a_transport_exception),
        ],
    };
}

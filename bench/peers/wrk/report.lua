-- The request of a scenario, and its result as the line of JSON the other clients print. The argument after "--" is the size of the body.
function init(args)
    local body = tonumber(args[1] or "0")
    if body > 0 then
        wrk.method = "POST"
        wrk.body = string.rep("\0", body)
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"errors":%d,"wallUs":%d,"p50Us":%.1f,"p99Us":%.1f,"p999Us":%.1f}\n',
        summary.requests,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        summary.duration,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end

//! The width of the documented profile, field by field: what each may be, and what is just too much.

use super::*;

/// One place of a published payload, what may stand there, and what may not.
struct Row {
    id: &'static str,
    pointer: &'static str,
    valid: &'static [&'static str],
    invalid: &'static [&'static str],
}

const USAGE: &str = "langgraph-usage-reporting";
const TRANSACTIONS: &str = "langsmith-usage-reporting";
const METRICS: &str = "telemetry-metrics";
const TRACES: &str = "telemetry-traces";

/// Values as JSON text.
const ROWS: &[Row] = &[
    Row {
        id: "license-verification",
        pointer: "/license",
        valid: &[r#""<YOUR_LICENSE_KEY>""#, r#""lsv2_lic_0000""#, r#""eyJhbGciOi.eyJzdWIi.c2ln_-=""#],
        invalid: &[r#""""#, r#""<YOUR_API_KEY>""#, r#""two words""#, r#""a\nb""#, "7", "null", "{}"],
    },
    Row {
        id: USAGE,
        pointer: "/from_timestamp",
        valid: &[r#""2026-11-20T23:31:54.120031+00:00""#, r#""2026-11-20T23:31:54Z""#],
        invalid: &[
            r#""yesterday""#,
            r#""2026-11-20""#,
            r#""2026-11-20T23:31:54.0000000000000000000000000Z""#,
            "0",
        ],
    },
    Row {
        id: USAGE,
        pointer: "/tags/langgraph_api.version",
        valid: &[
            r#""""#,
            r#""0.2.0""#,
            r#""3.11.7""#,
            r#""1.0.0rc1""#,
            r#""0.6.0a2.dev3""#,
            r#""2.0.0-beta.1""#,
        ],
        invalid: &[r#""10.20.30.40""#, r#""latest""#, r#""0.2.0 for Bob""#, "2"],
    },
    Row {
        id: USAGE,
        pointer: "/tags/langgraph.platform.revision",
        valid: &[
            r#""""#,
            r#""abc123""#,
            r#""3a1c2b6f-4430-4b92-8a5b-79b8b567bbc1""#,
            r#""v1.2.3""#,
            r#""0123456789abcdef0123456789abcdef01234567""#,
        ],
        invalid: &[r#""feature/customer-acme""#, r#""acme""#, r#""5551234567""#, r#""10.20.30.40""#],
    },
    Row {
        id: USAGE,
        pointer: "/tags/langgraph.platform.variant",
        valid: &[r#""""#, r#""standard""#, r#""self_hosted_lite""#],
        invalid: &[r#""Standard""#, r#""acme1""#, r#""a b""#, r#""one_two_three_four_five""#],
    },
    Row {
        id: USAGE,
        pointer: "/tags/langgraph.platform.host",
        valid: &[r#""""#, r#""host-1""#, r#""self-hosted""#, r#""saas""#],
        invalid: &[r#""db.internal.example.com""#, r#""ip-10-20-30-40""#, r#""10.20.30.40""#, r#""Host""#],
    },
    Row {
        id: USAGE,
        pointer: "/tags/langgraph.platform.tenant_id",
        valid: &[r#""""#, r#""3A1C2B6F-4430-4B92-8A5B-79B8B567BBC1""#],
        invalid: &[r#""acme""#, r#""3a1c2b6f44304b928a5b79b8b567bbc1""#, "null"],
    },
    Row {
        id: USAGE,
        pointer: "/tags/user_app.uses_indexing",
        valid: &[r#""""#, r#""true""#, r#""False""#, r#""TRUE""#],
        invalid: &[r#""openai:text-embedding-3-small""#, r#""yes""#, "true"],
    },
    Row {
        id: USAGE,
        pointer: "/tags/user_app.uses_custom_app",
        valid: &[r#""false""#],
        invalid: &[r#""./acme_secret_project/webapp.py:app""#],
    },
    Row {
        id: USAGE,
        pointer: "/measures/langgraph.platform.runs",
        valid: &["0", "9007199254740991"],
        invalid: &["-1", "1.5", r#""150""#, "9007199254740992"],
    },
    Row { id: USAGE, pointer: "/logs", valid: &["[]"], invalid: &[r#"["a"]"#, "[{}]", "{}", r#""""#] },
    Row {
        id: USAGE,
        pointer: "/measures",
        valid: &["{}"],
        invalid: &["[]", r#"{"langgraph.platform.py_graphs":1}"#],
    },
    Row {
        id: TRANSACTIONS,
        pointer: "/trace_transactions/0/status",
        valid: &[r#""completed""#, r#""partly_failed""#],
        invalid: &[r#""Completed""#, r#""failed for bob""#, r#""5551234567""#, r#""""#],
    },
    Row {
        id: TRANSACTIONS,
        pointer: "/trace_transactions/0/transaction_type",
        valid: &[r#""longlived_traces""#, r#""seats""#, r#""type12""#],
        invalid: &[r#""type123""#, r#""a-b""#],
    },
    Row {
        id: TRANSACTIONS,
        pointer: "/trace_transactions/0/session_id",
        valid: &[r#""b26ae531-cdb3-42a5-8bcf-05355199fe27""#],
        invalid: &[r#""""#, r#""my session""#, "null"],
    },
    Row { id: TRANSACTIONS, pointer: "/trace_transactions", valid: &["[]"], invalid: &["{}", "[1]", "[{}]"] },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/name",
        valid: &[
            r#""langsmith_pg_pool_in_use""#,
            r#""langsmith_s3_put_p99""#,
            r#""langsmith_k8s_pods""#,
            r#""langsmith_http_5xx""#,
        ],
        invalid: &[
            r#""lg_api_requests""#,
            r#""langsmith_""#,
            r#""langsmith_5551234567""#,
            r#""langsmith_Requests""#,
            r#""langsmith requests""#,
        ],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/unit",
        valid: &[r#""1""#, r#""By""#, r#""ms""#, r#""{request}""#, r#""""#],
        invalid: &[r#""{john}""#, r#""furlong""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/description",
        valid: &[
            r#""Counter of failed requests for LangSmith services""#,
            r#""Runs waiting in the ingestion queue""#,
            r#""Latency of ClickHouse inserts""#,
            r#""Connections checked out of the Postgres pool.""#,
            r#""""#,
        ],
        invalid: &[r#""Latency for customer Acme""#, r#""requestsfailed""#, r#""requests: 4111""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/scope",
        valid: &["{}", r#"{"name":"langsmith"}"#, r#"{"version":""}"#],
        invalid: &[r#"{"name":"acme.app"}"#, r#"{"attributes":[]}"#, "[]"],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/gauge/dataPoints/0/attributes/0/value",
        valid: &[
            r#"{"stringValue":"/"}"#,
            r#"{"stringValue":"/api/v1/datasets/{dataset_id}/runs"}"#,
            r#"{"stringValue":"/otel/v1/traces"}"#,
            r#"{"stringValue":"/runs/batch/"}"#,
        ],
        invalid: &[
            r#"{"stringValue":"/sessions/3a1c2b6f-4430-4b92-8a5b-79b8b567bbc1"}"#,
            r#"{"stringValue":"/users/42"}"#,
            r#"{"stringValue":"/users/john@example.com"}"#,
            r#"{"stringValue":"/a?b"}"#,
            r#"{"stringValue":"/a/b/c/d/e/f/g/h/i"}"#,
            r#"{"stringValue":"//a"}"#,
            r#"{"intValue":"7"}"#,
            r#"{"boolValue":true}"#,
            r#"{"stringValue":"/a","intValue":"7"}"#,
            "{}",
        ],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/gauge/dataPoints/0/attributes/1/value/stringValue",
        valid: &[r#""PATCH""#, r#""OPTIONS""#],
        invalid: &[r#""get""#, r#""BREW""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/gauge/dataPoints/0/attributes/2/value/stringValue",
        valid: &[r#""langsmith_ingest_queue""#, r#""langsmith-ace-backend""#],
        invalid: &[r#""acme_langsmith""#, r#""acme_backend""#, r#""langsmith_backend_7f9c""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/resource/attributes/1/value/stringValue",
        valid: &[r#""ls_self_hosted""#, r#""ls_saas""#],
        invalid: &[r#""prod_acme""#, r#""ls""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/resource/attributes/0/key",
        valid: &[r#""resource.name""#],
        invalid: &[r#""customer_name""#, r#""host.name""#, r#""Resource.Name""#, "1"],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0/gauge/dataPoints/0/asDouble",
        valid: &["12.34", "0", "-1e-9", r#""NaN""#, r#""-Infinity""#],
        invalid: &[r#""12.34""#, r#""nan""#, "true", "null"],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/1/sum/dataPoints/0/asInt",
        valid: &["456", r#""456""#, r#""-9223372036854775808""#],
        invalid: &["4.5", r#""4.5""#, r#""007""#, r#""0x1f""#, r#""99999999999999999999""#],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/1/sum/dataPoints/0/timeUnixNano",
        valid: &["1678886400000000000", r#""1678886400000000000""#],
        invalid: &["-1", r#""-1""#, r#""2026-11-20T23:31:54Z""#, "1.5"],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/1/sum",
        valid: &["{}", r#"{"dataPoints":[],"aggregationTemporality":2,"isMonotonic":true}"#],
        invalid: &[
            "[]",
            r#"{"dataPoints":[],"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}"#,
            r#"{"dataPoints":[{"timeUnixNano":"1","asInt":"1","exemplars":[]}]}"#,
        ],
    },
    Row {
        id: METRICS,
        pointer: "/resourceMetrics/0/scopeMetrics/0/metrics/0",
        valid: &[
            r#"{"name":"langsmith_a","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"3","sum":1.5,"min":0.1,"max":1,"bucketCounts":["1",2],"explicitBounds":[0.5]}]}}"#,
            r#"{"name":"langsmith_a","exponentialHistogram":{"dataPoints":[{"timeUnixNano":1,"count":3,"scale":-2,"zeroCount":"0","zeroThreshold":0,"positive":{"offset":-1,"bucketCounts":[1]},"negative":{}}]}}"#,
            r#"{"name":"langsmith_a","summary":{"dataPoints":[{"timeUnixNano":"1","count":3,"sum":2,"quantileValues":[{"quantile":0.99,"value":1.5}]}]}}"#,
            r#"{"name":"langsmith_a","gauge":{"dataPoints":[{"timeUnixNano":"1","flags":1}]}}"#,
        ],
        invalid: &[
            r#"{"name":"langsmith_a"}"#,
            r#"{"gauge":{"dataPoints":[]}}"#,
            r#"{"name":"langsmith_a","gauge":{"dataPoints":[]},"sum":{"dataPoints":[]}}"#,
            r#"{"name":"langsmith_a","gauge":{"dataPoints":[{"timeUnixNano":"1"}]}}"#,
            r#"{"name":"langsmith_a","histogram":{"dataPoints":[{"timeUnixNano":"1","count":"x"}]}}"#,
            r#"{"name":"langsmith_a","metadata":[],"gauge":{"dataPoints":[]}}"#,
        ],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/traceId",
        valid: &[r#""71699B6FE85982C7C8995EA3D9C95DF2""#],
        invalid: &[r#""71699b6fe85982c7c8995ea3d9c95df""#, r#""""#, r#""cWmbb+hZgsfImV6j2cld8g==""#],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/spanId",
        valid: &[
            r#""0932ksdka12345""#,
            r#""3c191d03fa8be0""#,
            r#""eee19b7ec3c1b174""#,
            r#""EEE19B7EC3C1B174""#,
        ],
        invalid: &[r#""""#, r#""john-smith-123""#, r#""0932ksdka1234567""#, r#""abc""#],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/parentSpanId",
        valid: &[r#""""#, r#""3c191d03fa8be0""#],
        invalid: &[r#"" ""#, r#""root""#],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/name",
        valid: &[r#""receive_request""#, r#""event""#],
        invalid: &[r#""GET /users/42""#, r#""Receive""#, r#""call_5551234567""#, r#""a__b""#],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/status",
        valid: &[
            "{}",
            r#"{"code":0}"#,
            r#"{"message":"status-deadline-exceeded","code":2}"#,
            r#"{"message":""}"#,
        ],
        invalid: &[r#"{"message":"invalid patient id 42"}"#, r#"{"code":3}"#, r#"{"code":"STATUS_CODE_OK"}"#],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/1/links",
        valid: &[
            "[]",
            r#"[{"traceId":"71699b6fe85982c7c8995ea3d9c95df2","spanId":"3c191d03fa8be0","traceState":"","attributes":[],"droppedAttributesCount":1,"flags":257}]"#,
        ],
        invalid: &[
            r#"[{}]"#,
            r#"[{"traceId":"71699b6fe85982c7c8995ea3d9c95df2","spanId":"3c191d03fa8be0","traceState":"acme=1"}]"#,
        ],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/events/0/attributes/0/value",
        valid: &[r#"{"stringValue":"100"}"#, r#"{"intValue":"100"}"#, r#"{"intValue":100}"#],
        invalid: &[
            r#"{"stringValue":"a lot"}"#,
            r#"{"intValue":-1}"#,
            r#"{"stringValue":"1","intValue":1}"#,
            "{}",
            r#"{"stringValue":"1234567890123456"}"#,
        ],
    },
    Row {
        id: TRACES,
        pointer: "/resourceSpans/0/scopeSpans/0/spans/0/droppedAttributesCount",
        valid: &["0", r#""1""#, "4294967295"],
        invalid: &["-1", "4294967296", r#""-1""#],
    },
];

#[test]
fn each_field_is_as_wide_as_documented_and_no_wider() {
    let policy = documented();
    let mut wrong = Vec::new();
    for Row { id, pointer, valid, invalid } in ROWS {
        for (texts, expected) in [(valid, true), (invalid, false)] {
            for text in *texts {
                let mut document = example(id);
                *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{id} has no {pointer}")) =
                    serde_json::from_str(text).unwrap();
                if conforms(&policy, id, &document) != expected {
                    wrong.push(format!("{id} {pointer} = {text}: conforms is not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn span_kinds_and_flags_pass_and_tracestate_does_not() {
    let policy = documented();
    let with = |name: &str, value: Value| {
        let mut document = example(TRACES);
        document["resourceSpans"][0]["scopeSpans"][0]["spans"][0][name] = value;
        conforms(&policy, TRACES, &document)
    };
    assert!((0..=5).all(|kind| with("kind", json!(kind))));
    assert!(!with("kind", json!(6)) && !with("kind", json!("SPAN_KIND_SERVER")));
    assert!(with("flags", json!(1)) && !with("flags", json!(1 << 20)));
    assert!(with("traceState", json!("")) && !with("traceState", json!("vendor=acme")));
}

#[test]
fn what_is_required_is_required() {
    let policy = documented();
    for (id, pointer, member) in [
        ("license-verification", "", "license"),
        (USAGE, "", "measures"),
        (USAGE, "", "from_timestamp"),
        (TRANSACTIONS, "", "trace_transactions"),
        (TRANSACTIONS, "/trace_transactions/0", "organization_id"),
        (METRICS, "/resourceMetrics/0/scopeMetrics/0/metrics/0", "name"),
        (TRACES, "/resourceSpans/0/scopeSpans/0/spans/0", "spanId"),
    ] {
        let mut document = example(id);
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        assert!(!conforms(&policy, id, &document), "{id}{pointer}/{member}");
    }
    for (id, pointer, member) in
        [(USAGE, "", "logs"), (USAGE, "", "tags"), (USAGE, "/tags", "langgraph.platform.plan")]
    {
        let mut document = example(id);
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        assert!(conforms(&policy, id, &document), "{id}{pointer}/{member}");
    }
}

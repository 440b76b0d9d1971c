//! Schemas with a hole, each refused at its place; and what looks like a hole and is none.

use super::*;

/// Loads a policy whose one endpoint takes bodies of this schema.
fn load(schema: &str) -> Result<Policy, String> {
    let text = r"
version: 1
name: holes
endpoints:
  - id: hole
    hosts: [beacon.langchain.com]
    method: POST
    path: /v1/hole
    source: none
    body:
      content_types: [application/json]
      max_bytes: 1000
      unknown: strip
      invalid: strip
      schema: s.json
";
    let source =
        |name: &str| if name == "s.json" { Ok(schema.to_owned()) } else { Err("no such file".to_owned()) };
    policy::compile(text, "holes.yaml", &source).map_err(|error| error.to_string())
}

/// A closed object with one member `a`.
fn with_member(member: &str) -> String {
    format!(r#"{{"type":"object","properties":{{"a":{member}}},"additionalProperties":false}}"#)
}

#[test]
fn a_hole_is_refused_and_named() {
    for (schema, pointer) in [
        // Anything at all.
        ("true", "#:"),
        ("{}", "#:"),
        (r#"{"title":"anything"}"#, "#:"),
        (r#"{"minimum":3}"#, "#:"),
        (r#"{"not":{"type":"string"}}"#, "#:"),
        // Objects.
        (r#"{"type":"object"}"#, "#:"),
        (r#"{"type":"object","properties":{}}"#, "#:"),
        (r#"{"type":"object","additionalProperties":true}"#, "#:"),
        (r#"{"type":"object","additionalProperties":{"type":"integer"}}"#, "#:"),
        (r#"{"type":"object","unevaluatedProperties":{"type":"integer"}}"#, "#:"),
        (r#"{"type":["object","null"]}"#, "#:"),
        (
            r#"{"type":"object","patternProperties":{"^a$":{"type":"null"}},"additionalProperties":false}"#,
            "#:",
        ),
        (
            r#"{"type":"object","patternProperties":{"^x-":{"type":"null"}},"maxProperties":3,"additionalProperties":false}"#,
            "#/patternProperties/^x-:",
        ),
        (
            r#"{"type":"object","patternProperties":{"^[a-z]+$":{"type":"null"}},"maxProperties":3,"additionalProperties":false}"#,
            "#/patternProperties/^[a-z]+$:",
        ),
        (r#"{"properties":{"a":{"type":"integer"}},"additionalProperties":false}"#, "#:"),
        (
            r##"{"type":"object","unevaluatedProperties":false,"allOf":[{"properties":{"a":true}}]}"##,
            "#/allOf/0/properties/a:",
        ),
        (
            r##"{"type":"object","unevaluatedProperties":false,"anyOf":[{"additionalProperties":true}]}"##,
            "#/anyOf/0:",
        ),
        (
            r##"{"type":"object","unevaluatedProperties":false,"$ref":"#/$defs/o","$defs":{"o":{"type":"object","properties":{"a":{"type":"string"}}}}}"##,
            "#/$defs/o/properties/a:",
        ),
        (
            r##"{"type":"object","unevaluatedProperties":false,"dependentSchemas":{"a":{"properties":{"b":{}}}}}"##,
            "#/dependentSchemas/a/properties/b:",
        ),
        (
            r##"{"type":"object","unevaluatedProperties":false,"if":{"properties":{"b":{"minLength":1}}}}"##,
            "#/if/properties/b:",
        ),
    ] {
        let message = load(schema).expect_err(schema);
        assert!(message.starts_with(&format!("s.json{pointer}")), "{schema}\n{message}");
    }
}

#[test]
fn a_hole_in_a_member_is_refused_and_named() {
    for member in [
        "true",
        "{}",
        // Strings.
        r#"{"type":"string"}"#,
        r#"{"type":["string","integer"]}"#,
        r#"{"type":["string","object"],"pattern":"^a$"}"#,
        r#"{"type":"string","maxLength":10}"#,
        r#"{"type":"string","pattern":"a"}"#,
        r#"{"type":"string","pattern":"^a"}"#,
        r#"{"type":"string","pattern":"^a|b$","maxLength":5}"#,
        r#"{"type":"string","pattern":"^a+$"}"#,
        r#"{"type":"string","pattern":"^[a-z]{1,5000}$"}"#,
        r#"{"type":"string","pattern":"^a+$","maxLength":100000}"#,
        r#"{"type":"string","pattern":"(?m)^a$"}"#,
        r#"{"type":"string","pattern":"^(?=a)a$"}"#,
        r#"{"type":"string","format":"date-time"}"#,
        r#"{"type":"string","format":"email","maxLength":100}"#,
        r#"{"type":"string","format":"no-such-format"}"#,
        r#"{"pattern":"^a$"}"#,
        // Arrays.
        r#"{"type":"array"}"#,
        r#"{"type":"array","maxItems":3}"#,
        r#"{"type":"array","items":{"type":"integer"}}"#,
        r#"{"type":"array","items":true,"maxItems":3}"#,
        r#"{"type":"array","items":{"type":"integer"},"maxItems":100000000}"#,
        r#"{"type":"array","prefixItems":[{"type":"integer"}]}"#,
        r#"{"type":"array","prefixItems":[{"type":"string"}],"items":false}"#,
        r#"{"type":"array","prefixItems":[{"type":"integer"}],"maxItems":2}"#,
        r#"{"type":"array","contains":{"type":"integer"},"maxItems":3}"#,
        r#"{"type":"array","contains":{},"unevaluatedItems":false,"maxItems":3}"#,
        // Branches.
        r#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#,
        r#"{"oneOf":[{"type":"integer"},{}]}"#,
        r#"{"allOf":[{"minLength":3},{"maxLength":5}]}"#,
        r#"{"if":{"type":"integer"},"then":{"minimum":1}}"#,
        r#"{"type":"string","if":{"const":"a"},"then":{"const":"a"},"else":{"minLength":2}}"#,
        r#"{"type":"string","if":{"minLength":2},"then":{"pattern":"^a$"}}"#,
        // References.
        r##"{"$ref":"#"}"##,
        r##"{"$ref":"#/properties/a"}"##,
        r##"{"$ref":"#/properties/b"}"##,
        r##"{"$ref":"#/type"}"##,
        r##"{"$ref":"#anchor"}"##,
        r##"{"$ref":"other.json"}"##,
        r##"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"##,
        r##"{"$ref":"file:///etc/passwd"}"##,
        r##"{"$ref":"../s.json"}"##,
        r##"{"$dynamicRef":"#a","type":"integer"}"##,
        r##"{"$id":"https://example.com/","type":"integer"}"##,
        // What is no keyword, or not as it must be.
        r#"{"type":"integer","minimun":1}"#,
        r#"{"type":"integer","default":1}"#,
        r#"{"type":"integer","minimum":"1"}"#,
        r#"{"type":"int"}"#,
        r#"{"type":"integer","x-beacongate-unknown":"allow"}"#,
        r#"{"type":"integer","x-beacongate-strip":true}"#,
        r#"{"type":"integer","writeOnly":true}"#,
        r#"{"type":"integer","$schema":"https://json-schema.org/draft/2020-12/schema"}"#,
        "7",
    ] {
        let message = load(&with_member(member)).expect_err(member);
        assert!(message.contains("s.json") || message.contains("other.json"), "{member}\n{message}");
    }
}

#[test]
fn what_is_closed_in_another_way_is_no_hole() {
    for member in [
        "false",
        r#"{"enum":["a",{"b":["anything"]},null]}"#,
        r#"{"const":{"deep":{"object":"of any kind"}}}"#,
        r#"{"type":["integer","null","boolean","number"]}"#,
        r#"{"type":"string","pattern":"^a+$","maxLength":30}"#,
        r#"{"type":"string","pattern":"^(?:a|b){1,3}$"}"#,
        r#"{"type":"string","pattern":"^\\d{1,3}$"}"#,
        r#"{"type":"string","format":"uuid"}"#,
        r#"{"type":"string","format":"date-time","maxLength":35}"#,
        r#"{"type":"string","maxLength":0}"#,
        r#"{"type":"array","items":false}"#,
        r#"{"type":"array","maxItems":0}"#,
        r#"{"type":"array","prefixItems":[{"type":"integer"}],"items":false}"#,
        r#"{"type":"array","prefixItems":[{"type":"integer"}],"maxItems":1}"#,
        r#"{"anyOf":[{"type":"integer"},{"type":"string","enum":["a"]}]}"#,
        r#"{"type":"string","anyOf":[{"const":"a"},{"pattern":"^b$"}]}"#,
        r#"{"type":"string","allOf":[{"minLength":3},{"pattern":"^[a-z]{1,9}$"}]}"#,
        r#"{"type":"string","if":{"const":"a"},"else":{"pattern":"^b$"}}"#,
        r#"{"type":"object","properties":{"k":{"enum":["x","y"]}},"additionalProperties":false,"if":{"properties":{"k":{"const":"x"}}},"then":{"required":["k"]}}"#,
        r#"{"type":"object","unevaluatedProperties":false,"properties":{"k":{"enum":["x"]}},"if":{"properties":{"k":{"minLength":1}}}}"#,
        r#"{"type":"object","unevaluatedProperties":false,"allOf":[{"properties":{"k":{"type":"null"}}}]}"#,
        r#"{"type":"object","patternProperties":{"^[a-z]{1,9}$":{"type":"null"}},"maxProperties":3,"additionalProperties":false}"#,
        r#"{"type":"string","writeOnly":true,"pattern":"^a$"}"#,
    ] {
        if let Err(message) = load(&with_member(member)) {
            panic!("{member}\n{message}");
        }
    }
    assert!(
        load(r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","additionalProperties":false}}}"##)
            .is_ok()
    );
}

#[test]
fn a_hole_where_nothing_leads_is_none_but_a_misspelt_keyword_is_refused_anywhere() {
    let with = |unused: &str| format!(r#"{{"type":"null","$defs":{{"unused":{unused}}}}}"#);
    assert!(load(&with(r#"{"type":"string"}"#)).is_ok());
    let message = load(&with(r#"{"type":"string","patern":"^a$"}"#)).unwrap_err();
    assert!(
        message.starts_with("s.json#/$defs/unused: unknown keyword `patern`: write `pattern`"),
        "{message}"
    );
}

#[test]
fn a_schema_that_multiplies_itself_is_refused_and_does_not_hang() {
    let levels: Vec<String> = (0..40)
        .map(|n| {
            format!(
                r##""l{n}":{{"allOf":[{{"$ref":"#/$defs/l{m}"}},{{"$ref":"#/$defs/l{m}"}}]}}"##,
                m = n + 1
            )
        })
        .collect();
    let schema =
        format!(r##"{{"$ref":"#/$defs/l0","$defs":{{{},"l40":{{"type":"null"}}}}}}"##, levels.join(","));
    assert!(load(&schema).is_err());
}

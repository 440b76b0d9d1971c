//! What may come beside the body: query keys, header fields, the body's media type.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::error::PolicyError;
use super::super::file::FieldFile;
use super::super::{Field, pattern};
use super::Compiler;
use serde_saphyr::Spanned;

/// The media types that the gate can look into.
const CONTENT_TYPES: &[&str] = &["application/json"];
/// Fields that the gate makes itself, that end at it, that would carry what no schema sees, or that would
/// make another request of the one that is in the log.
const OWN_HEADERS: &[&str] = &[
    "accept-encoding",
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

impl Compiler<'_> {
    pub(super) fn fields(
        &self,
        read: &[FieldFile],
        check_name: impl Fn(&Spanned<String>) -> Result<(), PolicyError>,
    ) -> Result<Vec<Field>, PolicyError> {
        let mut fields: Vec<Field> = Vec::new();
        for field in read {
            check_name(&field.name)?;
            let name = field.name.value.to_ascii_lowercase();
            if fields.iter().any(|f| f.name == field.name.value || f.name == name) {
                return Err(self.at(&field.name, format!("`{}` is listed a second time", field.name.value)));
            }
            let pattern = pattern::whole(&field.pattern.value).map_err(|why| self.at(&field.pattern, why))?;
            let (required, secret) = (field.required, field.secret);
            fields.push(Field { name: field.name.value.clone(), required, secret, pattern });
        }
        Ok(fields)
    }

    pub(super) fn query_key(&self, name: &Spanned<String>) -> Result<(), PolicyError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if (1..=64).contains(&name.value.len()) && name.value.bytes().all(plain) {
            return Ok(());
        }
        Err(self.at(name, "a query key is 1 to 64 letters, digits, and `- . _ ~`"))
    }

    pub(super) fn header_name(&self, name: &Spanned<String>) -> Result<(), PolicyError> {
        let text = name.value.as_str();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !(1..=64).contains(&text.len()) || !text.bytes().all(token) {
            return Err(self.at(name, "a header's name is 1 to 64 letters, digits, `-` and `_`"));
        }
        let lower = text.to_ascii_lowercase();
        if lower != text {
            return Err(self.at(name, "header names are lower case here").advise(format!("write `{lower}`")));
        }
        // Gateway interfaces (CGI, WSGI) take `content_length` for `content-length`.
        let plain = text.replace('_', "-");
        if OWN_HEADERS.contains(&&*plain) || plain.starts_with("proxy-") || plain.starts_with("sec-") {
            return Err(self
                .at(name, format!("`{text}` is the gate's own to make, or ends at the gate"))
                .advise("remove it: what the upstream needs of it is sent without being listed"));
        }
        Ok(())
    }

    pub(super) fn content_types(
        &self,
        read: &Spanned<Vec<Spanned<String>>>,
    ) -> Result<Vec<String>, PolicyError> {
        if read.value.is_empty() {
            return Err(self.at(read, "no content type is listed").advise("write `[application/json]`"));
        }
        for (index, media_type) in read.value.iter().enumerate() {
            if !CONTENT_TYPES.contains(&media_type.value.as_str()) {
                return Err(self
                    .at(media_type, "a content type that the gate cannot look into")
                    .advise("write `application/json`: lower case, without parameters"));
            }
            if read.value[..index].iter().any(|earlier| earlier.value == media_type.value) {
                return Err(self.at(media_type, "this content type is listed a second time"));
            }
        }
        Ok(read.value.iter().map(|media_type| media_type.value.clone()).collect())
    }
}

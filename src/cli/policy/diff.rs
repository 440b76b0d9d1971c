//! A body as it came, with what would be taken out of it marked: a diff that says why.

use crate::cli::paint::Paint;
use crate::policy::schema::{PatternStep, PlacePattern};
use crate::removal::{JsonType, Place, Pointer, Removal, Step};
use serde_json::Value;
use std::collections::HashMap;

/// What stands for a secret on a terminal.
pub(super) const MASK: &str = "********";
/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The body with a `-` before every line that does not leave, and the reason beside the first of each.
pub(super) fn render(body: &Value, removals: &[Removal], secrets: &[PlacePattern], paint: Paint) -> String {
    let places = removals.iter().filter_map(|removal| match &removal.place {
        Place::Body { pointer } => Some((pointer.as_str(), removal)),
        Place::Header { .. } | Place::Trailer { .. } => None,
    });
    let mut writer = Writer { removals: places.collect(), secrets, path: Vec::new(), lines: Vec::new() };
    writer.value(body, "", "", None);
    cut(&writer.lines, paint)
}

struct Line {
    text: String,
    /// Whether it does not leave, and on the first such line the reason.
    gone: Option<String>,
}

struct Writer<'a> {
    /// By pointer: a large body has many places, and much of it may go.
    removals: HashMap<&'a str, &'a Removal>,
    secrets: &'a [PlacePattern],
    path: Vec<Step<'a>>,
    lines: Vec<Line>,
}

impl<'a> Writer<'a> {
    /// Writes a value: `before` is its key, `after` a comma; `gone` says that what holds it is taken out.
    fn value(&mut self, value: &'a Value, before: &str, after: &str, gone: Option<&str>) {
        let reason = if gone.is_none() { self.reason() } else { None };
        let inside = if gone.is_some() || reason.is_some() { Some("") } else { None };
        let first = reason.as_deref().or(gone);
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.line(&format!("{before}{{"), first);
                let count = members.len();
                for (index, (name, member)) in members.iter().enumerate() {
                    self.path.push(Step::Member(name));
                    let key = format!("{}: ", quoted(name));
                    self.value(member, &key, if index + 1 < count { "," } else { "" }, inside);
                    self.path.pop();
                }
                self.line(&format!("}}{after}"), inside);
            }
            Value::Array(elements) if !elements.is_empty() => {
                self.line(&format!("{before}["), first);
                for (index, element) in elements.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    self.value(element, "", if index + 1 < elements.len() { "," } else { "" }, inside);
                    self.path.pop();
                }
                self.line(&format!("]{after}"), inside);
            }
            Value::String(_) if self.is_secret() => self.line(&format!("{before}\"{MASK}\"{after}"), first),
            Value::String(text) => self.line(&format!("{before}{}{after}", quoted(text)), first),
            other => self.line(&format!("{before}{other}{after}"), first),
        }
    }

    fn line(&mut self, text: &str, gone: Option<&str>) {
        let depth = self.path.len();
        self.lines.push(Line {
            text: format!("{:depth$}{text}", "", depth = depth * 2),
            gone: gone.map(str::to_owned),
        });
    }

    /// Why the value at the current place is taken out, if it is.
    fn reason(&self) -> Option<String> {
        if self.path.is_empty() {
            return None;
        }
        let here = Pointer::new(self.path.iter().copied());
        let removal = self.removals.get(here.as_str())?;
        Some(because(removal))
    }

    fn is_secret(&self) -> bool {
        self.secrets.iter().any(|PlacePattern(steps)| {
            steps.len() == self.path.len()
                && steps.iter().zip(&self.path).all(|(wanted, here)| match (wanted, here) {
                    (PatternStep::Member(name), Step::Member(member)) => name == member,
                    (PatternStep::AnyMember, Step::Member(_)) | (PatternStep::AnyElement, Step::Index(_)) => {
                        true
                    }
                    _ => false,
                })
        })
    }
}

/// The rule that a removal broke, and where below its place, if not there.
pub(super) fn because(removal: &Removal) -> String {
    let Some(cause) = &removal.cause else { return removal.rule.clone() };
    let below = match &removal.place {
        Place::Body { pointer } => cause.as_str().strip_prefix(pointer.as_str()),
        Place::Header { .. } | Place::Trailer { .. } => None,
    };
    match below {
        Some(below) if below.starts_with('/') => format!("{} at …{below}", removal.rule),
        _ => format!("{} at {cause}", removal.rule),
    }
}

/// Where a removal was, as one line: the place, the type, the rule.
pub(super) fn summary(removal: &Removal) -> String {
    let place = match &removal.place {
        Place::Body { pointer } => pointer.to_string(),
        Place::Header { name } => format!("header {name}"),
        Place::Trailer { name } => format!("trailer {name}"),
    };
    let kind = removal.json_type.map(JsonType::as_str).unwrap_or_default();
    format!("{place}  {kind}  {}", because(removal))
}

/// Leaves out what is far from any change.
fn cut(lines: &[Line], paint: Paint) -> String {
    let near = |index: usize| {
        let window = &lines[index.saturating_sub(CONTEXT)..lines.len().min(index + CONTEXT + 1)];
        lines.len() <= 8 * CONTEXT || window.iter().any(|line| line.gone.is_some())
    };
    let mut page = String::new();
    let mut skipped = 0;
    for (index, line) in lines.iter().enumerate() {
        if !near(index) {
            skipped += 1;
            continue;
        }
        tell_skipped(&mut page, &mut skipped);
        page.push_str(&match line.gone.as_deref() {
            None => format!("  {}\n", line.text),
            Some("") => format!("{}\n", paint.red(&format!("- {}", line.text))),
            Some(reason) => format!("{}   <- {reason}\n", paint.red(&format!("- {}", line.text))),
        });
    }
    tell_skipped(&mut page, &mut skipped);
    page
}

fn tell_skipped(page: &mut String, skipped: &mut usize) {
    if *skipped > 0 {
        let lines = if *skipped == 1 { "1 line".to_owned() } else { format!("{skipped} lines") };
        page.push_str(&format!("  ({lines} unchanged)\n"));
        *skipped = 0;
    }
}

/// A JSON string that does nothing to a terminal: whatever is neither ASCII nor a letter or digit is escaped.
fn quoted(text: &str) -> String {
    let json = Value::String(text.to_owned()).to_string();
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if (c.is_ascii() && !c.is_ascii_control()) || (!c.is_ascii() && c.is_alphanumeric()) {
            safe.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    safe
}

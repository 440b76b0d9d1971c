//! Every place of a JSON document: its objects and its leaves, by pointer.

use serde_json::Value;

/// The pointers of every object, the document itself first.
pub fn objects(document: &Value) -> Vec<String> {
    pointers(document).into_iter().filter(|p| document.pointer(p).unwrap().is_object()).collect()
}

/// The pointers of every string, number, boolean and null.
pub fn leaves(document: &Value) -> Vec<String> {
    let is_leaf = |p: &String| !matches!(document.pointer(p).unwrap(), Value::Object(_) | Value::Array(_));
    pointers(document).into_iter().filter(is_leaf).collect()
}

/// The pointers of every array.
pub fn arrays(document: &Value) -> Vec<String> {
    pointers(document).into_iter().filter(|p| document.pointer(p).unwrap().is_array()).collect()
}

/// The pointers of everything.
pub fn pointers(document: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut next = 0;
    while next < found.len() {
        let here = found[next].clone();
        match document.pointer(&here).unwrap() {
            Value::Object(members) => found.extend(
                members.keys().map(|k| format!("{here}/{}", k.replace('~', "~0").replace('/', "~1"))),
            ),
            Value::Array(elements) => found.extend((0..elements.len()).map(|i| format!("{here}/{i}"))),
            _ => {}
        }
        next += 1;
    }
    found
}

/// The document with one more member in the object at `pointer`.
pub fn with_member(document: &Value, pointer: &str, name: &str, value: Value) -> Value {
    let mut changed = document.clone();
    changed.pointer_mut(pointer).unwrap()[name] = value;
    changed
}

/// The document with one more element at the end of the array at `pointer`.
pub fn with_element(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    changed.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(value);
    changed
}

/// The document with another value at `pointer`.
pub fn with_value(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

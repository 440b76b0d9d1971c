//! A set of places in a document, each with something noted at it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::policy::schema::{PatternStep, PlacePattern};
use std::collections::BTreeMap;

/// A tree in the form of the document, reduced to the places that matter. As deep as a document may
/// be, so recursion over it is bounded by [`super::json::MAX_DEPTH`].
#[derive(Debug)]
pub(super) struct Places<T> {
    /// What is noted at this place itself.
    pub(super) here: T,
    /// The places below, by member name.
    pub(super) members: BTreeMap<String, Places<T>>,
    /// The places below, by index.
    pub(super) elements: BTreeMap<usize, Places<T>>,
}

impl<T: Default> Default for Places<T> {
    fn default() -> Self {
        Self { here: T::default(), members: BTreeMap::new(), elements: BTreeMap::new() }
    }
}

impl<T: Default> Places<T> {
    /// The place of a member, made where it is missing.
    pub(super) fn member(&mut self, name: &str) -> &mut Self {
        self.members.entry(name.to_owned()).or_default()
    }

    /// The place of an element, made where it is missing.
    pub(super) fn element(&mut self, index: usize) -> &mut Self {
        self.elements.entry(index).or_default()
    }

    /// Whether no place below is known.
    pub(super) fn is_leaf(&self) -> bool {
        self.members.is_empty() && self.elements.is_empty()
    }
}

/// One step of a path, with its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Member(String),
    Index(usize),
}

/// A way from the root to a place.
pub(super) type Path = Vec<Key>;

/// Whether a pattern of the schema's holds for exactly the place that `path` leads to.
pub(super) fn matches(pattern: &PlacePattern, path: &[Key]) -> bool {
    pattern.0.len() == path.len()
        && pattern.0.iter().zip(path).all(|(step, key)| match (step, key) {
            (PatternStep::Member(wanted), Key::Member(name)) => wanted == name,
            (PatternStep::AnyMember, Key::Member(_)) | (PatternStep::AnyElement, Key::Index(_)) => true,
            _ => false,
        })
}

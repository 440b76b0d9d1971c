//! A flood of refusals collapses to exact counts, so that it can neither fill the disk nor starve intents.
//!
//! In each second the first refusals of a source for a reason are written one by one; the rest are counted, and
//! the count is written when the second is over. Nothing is estimated and nothing is forgotten: where there are
//! more sources than are told apart, the count stands under no source.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::Code;
use jiff::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;

/// Refusals of one source for one reason that are written one by one in a second.
pub const SINGLY_PER_SOURCE: u32 = 10;
/// Refusals of all sources that are written one by one in a second.
pub const SINGLY: u32 = 100;
/// Sources with reasons that are told apart in a second.
pub const SOURCES: usize = 1024;

/// Counts refusals.
#[derive(Debug, Default)]
pub struct Flood {
    second: i64,
    singly: u32,
    seen: HashMap<(Option<IpAddr>, Code), Count>,
}

#[derive(Debug)]
struct Count {
    singly: u32,
    collapsed: u64,
    from: Timestamp,
    to: Timestamp,
}

/// How often a source was refused for a reason beside the records that say so one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The client; `None` for all those beyond [`SOURCES`] together.
    pub source: Option<IpAddr>,
    /// The reason.
    pub code: Code,
    /// How often.
    pub count: u64,
    /// The first of them.
    pub from: Timestamp,
    /// The last of them.
    pub to: Timestamp,
}

impl Flood {
    /// Counts a refusal. Says whether it is to be written by itself; `room` says whether it may be.
    pub fn admit(&mut self, source: IpAddr, code: Code, at: Timestamp, room: bool) -> bool {
        self.turn(at.as_second());
        let known = self.seen.len() < SOURCES || self.seen.contains_key(&(Some(source), code));
        let key = (known.then_some(source), code);
        let count = self.seen.entry(key).or_insert(Count { singly: 0, collapsed: 0, from: at, to: at });
        let singly = room && known && count.singly < SINGLY_PER_SOURCE && self.singly < SINGLY;
        if singly {
            count.singly += 1;
            self.singly += 1;
            return true;
        }
        if count.collapsed == 0 {
            count.from = at;
        }
        count.to = at;
        count.collapsed += 1;
        false
    }

    /// Whether something is counted that is not written yet.
    pub fn is_pending(&self) -> bool {
        self.seen.values().any(|c| c.collapsed > 0)
    }

    /// Takes the counts once the second that they belong to is over, or at once with `all`.
    /// Ordered by first occurrence.
    pub fn take(&mut self, now: Timestamp, all: bool) -> Vec<Summary> {
        if now.as_second() == self.second && !all {
            return Vec::new();
        }
        let mut taken: Vec<Summary> = (self.seen.drain())
            .filter(|(_, c)| c.collapsed > 0)
            .map(|((source, code), c)| Summary { source, code, count: c.collapsed, from: c.from, to: c.to })
            .collect();
        taken.sort_by_key(|s| (s.from, s.source, s.code));
        taken
    }

    /// In a new second every source may be written one by one again; counts stay until they are taken.
    fn turn(&mut self, second: i64) {
        if second != self.second {
            self.second = second;
            self.singly = 0;
            self.seen.retain(|_, c| c.collapsed > 0);
            self.seen.values_mut().for_each(|c| c.singly = 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn source(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(n))
    }

    #[test]
    fn every_refusal_is_either_written_or_counted() {
        let mut flood = Flood::default();
        let mut singly = 0;
        for n in 0..100_000u32 {
            let code = Code::ALL[n as usize % 3];
            singly += u64::from(flood.admit(source(n % 2000), code, at(5), true));
        }
        let counted: u64 = flood.take(at(6), false).iter().map(|s| s.count).sum();
        assert_eq!(singly, u64::from(SINGLY));
        assert_eq!(singly + counted, 100_000);
        assert!(!flood.is_pending());
    }

    #[test]
    fn one_source_gets_its_first_few_and_does_not_take_the_others_place() {
        let mut flood = Flood::default();
        let own = (0..50).filter(|_| flood.admit(source(1), Code::PathNotAllowed, at(5), true)).count();
        assert_eq!(own, SINGLY_PER_SOURCE as usize);
        assert!(flood.admit(source(2), Code::PathNotAllowed, at(5), true));
        let summary = flood.take(at(5), true);
        assert_eq!(summary.len(), 1);
        assert_eq!((summary[0].source, summary[0].count), (Some(source(1)), 40));
    }

    #[test]
    fn a_new_second_is_a_new_start() {
        let mut flood = Flood::default();
        for second in 0..5 {
            assert!((0..10).all(|_| flood.admit(source(1), Code::PathNotAllowed, at(second), true)));
        }
        assert!(!flood.is_pending());
    }

    #[test]
    fn without_room_everything_is_counted_and_nothing_is_lost() {
        let mut flood = Flood::default();
        assert!(!flood.admit(source(1), Code::PathNotAllowed, at(5), false));
        assert_eq!(flood.take(at(9), false)[0].count, 1);
    }

    #[test]
    fn what_is_told_apart_is_bounded() {
        let mut flood = Flood::default();
        for n in 0..1_000_000 {
            flood.admit(source(n), Code::PathNotAllowed, at(5), true);
        }
        assert!(flood.seen.len() <= SOURCES + Code::ALL.len());
    }
}

//! beacongate: an egress gate that lets out what its policy names, and writes it down first.
//!
//! # A request's life
//!
//! ```text
//! accept ─▶ CONNECT ─▶ terminate TLS ─▶ decide ─▶ read body ─▶ inspect ─▶ record ─▶ forward ─▶ respond
//!           destination  authority       facts      http1       Cleared   Recorded    Sent      Answer
//!                                        Permit
//! ```
//!
//! Read [`exchange`] first: its order of steps is the security argument. Each step consumes what only
//! the step before it can make, so a request that was not decided, inspected and recorded cannot be
//! sent; it does not compile:
//!
//! ```compile_fail,E0451
//! fn forge(cleared: beacongate::inspect::Cleared) -> beacongate::audit::Recorded {
//!     beacongate::audit::Recorded { cleared, ..unreachable!() }
//! }
//! ```
//!
//! # The principle: construct, do not filter
//!
//! The request that leaves is *built*: path and header names from the endpoint, one User-Agent, our own
//! Content-Length, a body written from the values that were understood. What was not understood was not
//! copied, so smuggling, trailers, chunk extensions and duplicate keys have no way across.
//!
//! # Invariants
//!
//! 1. Absent, unknown, unreadable and unrecordable all mean *refuse*.
//! 2. CONNECT host = SNI = Host = upstream SNI; the address that is connected is the one that was vetted.
//! 3. Not one HTTP byte reaches an upstream before the `fdatasync` of its intent has returned.
//! 4. One request has one policy, from its decision to its outcome.
//! 5. No value of a removed member, and no secret, is written anywhere; the name of a removed member is
//!    written only if it looks like an identifier ([`name`]).
//!
//! # Pure and shell
//!
//! Modules that deny `clippy::disallowed_types` at their top are pure: no socket, file, clock, randomness
//! or environment. `.clippy.toml` lists what that bans and why; `tests/purity.rs` lists the modules and
//! reads what they name. Everything else is shell: it acts, and decides nothing. Two parts of the shell
//! stand below a pure module because they are its border: [`http1::connection`] and [`policy::profile`].
//!
//! # Where the walls were moved
//!
//! * **HTTP/1 towards clients is read by [`http1`]**, with httparse as its tokeniser, and not by hyper's
//!   server: hyper mends some ambiguous framings before a service can see them, and a gate must refuse and
//!   record them. Towards the vendor it is hyper, which is attacked by more people than we are.
//! * **Large bodies go to files beside the log**, small ones into the line, so that a record stays a line
//!   that can be read and a body is written once however often it is sent; see [`audit`].
//! * **[`audit::folder`] reads what [`audit::verify`] and [`audit::views`] judge and show**, so that both work
//!   on lines alone and stay pure: a log is verified the same way wherever its bytes come from.
//! * **The policy has formats of its own** (`policy::format`, the words in `policy/formats/`) for texts that
//!   are free to JSON Schema. A list of words is read by a reviewer; the pattern that says the same has more
//!   than a thousand alternatives, is read by nobody, and costs each process ten times the memory.
//! * **[`forward::hosts`] reads the system's hosts file** apart from the resolver, which is asked for absolute
//!   names only: with others it may try its search list, and tell strangers which hosts are asked for.
//! * **405, 408 and 417** stand beside the statuses that were planned (400, 403, 413, 415, 421, 431): each is
//!   what its RFC prescribes, and 405 carries the `Allow` that tells a client what to do. 500 is the gate's own.
//!
//! # Glossary
//!
//! *Endpoint*: one thing that may be asked of the vendor, with its terms. *Permit*: the right to make one
//! request. *Cleared*: every byte that will leave is decided. *Recorded*: its intent is durable. *Line*: a
//! verified connection with no request on it. *Removal*: something that did not leave, by place and rule.
//! *Refusal*: a "no" with its reason and whose fault it is. *Turn*: one request's way through the gate.
#![forbid(unsafe_code)]

// In the order of the flow.
pub mod gate;
pub mod accept;
pub mod destination;
pub mod authority;
pub mod http1;
pub mod exchange;
pub mod facts;
pub mod policy;
pub mod decide;
pub mod inspect;
pub mod audit;
pub mod forward;
pub mod respond;

// What they speak of.
pub mod name;
pub mod refusal;
pub mod removal;
pub mod secret;

// Around them.
pub mod cli;

pub mod demo;
pub mod drain;
pub mod observe;

//! What is lent to the kernel is there until it is done with it, whatever it does in between.
//!
//! `cargo miri test -p roomful-uring` runs those with the late kernel, which is where miri has something to find.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::stdin;
use std::os::fd::AsFd;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;

/// A kernel that does what it may, as late as it may: it looks at what a request points to when it completes it.
struct LateKernel {
    capacity: usize,
    /// How many requests its queue really takes.
    room: usize,
    queue: VecDeque<(usize, Request)>,
    held: Vec<(usize, Request)>,
    completions: Vec<Completion>,
    pushed: usize,
    steps: VecDeque<Step>,
    outcomes: Vec<Outcome>,
    seen: Rc<Seen>,
}

/// What can be looked at when the kernel is gone.
#[derive(Default)]
struct Seen {
    /// The bytes of each request that was completed, and how manyeth it was.
    sent: RefCell<Vec<(usize, Vec<u8>)>>,
    enters: Cell<usize>,
    dropped: Cell<bool>,
}

/// What one `enter` does.
#[derive(Debug, Clone)]
struct Step {
    /// The error number that it returns, if any; also after it did what it does.
    error: Option<i32>,
    takes: usize,
    /// Which of those that it holds it completes, one by one.
    completes: Vec<prop::sample::Index>,
    /// It posts completions that are nobody's.
    strays: bool,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    All,
    AtMost(usize),
    Error(i32),
}

impl LateKernel {
    fn new(capacity: usize, outcomes: Vec<Outcome>, steps: impl IntoIterator<Item = Step>) -> (Self, Rc<Seen>) {
        let seen = Rc::new(Seen::default());
        let kernel = Self {
            capacity,
            room: capacity,
            queue: VecDeque::new(),
            held: Vec::new(),
            completions: Vec::new(),
            pushed: 0,
            steps: steps.into_iter().collect(),
            outcomes,
            seen: Rc::clone(&seen),
        };
        (kernel, seen)
    }

    fn complete(&mut self, at: usize) {
        let (number, request) = self.held.swap_remove(at);
        let mut bytes = read(&request);
        let result = match self.outcomes[number % self.outcomes.len()] {
            Outcome::All => bytes.len() as i32,
            Outcome::AtMost(most) => {
                bytes.truncate(most);
                bytes.len() as i32
            }
            Outcome::Error(errno) => {
                bytes.clear();
                -errno
            }
        };
        self.seen.sent.borrow_mut().push((number, bytes));
        self.completions.push(Completion { index: request.index, result });
    }
}

impl Kernel for LateKernel {
    fn capacity(&self) -> usize {
        self.capacity
    }

    fn queued(&mut self) -> usize {
        self.queue.len()
    }

    unsafe fn push(&mut self, requests: impl Iterator<Item = Request>) -> usize {
        let room = self.room - self.queue.len();
        let before = self.pushed;
        for request in requests.take(room) {
            self.queue.push_back((self.pushed, request));
            self.pushed += 1;
        }
        self.pushed - before
    }

    fn enter(&mut self, completions: usize) -> io::Result<()> {
        self.seen.enters.set(self.seen.enters.get() + 1);
        assert_eq!(completions, self.queue.len() + self.held.len(), "it waits for all that are missing");
        let Some(step) = self.steps.pop_front() else {
            self.held.extend(self.queue.drain(..));
            (0..self.held.len()).rev().for_each(|at| self.complete(at));
            return Ok(());
        };
        let takes = step.takes.min(self.queue.len());
        self.held.extend(self.queue.drain(..takes));
        for index in step.completes {
            if !self.held.is_empty() {
                self.complete(index.index(self.held.len()));
            }
        }
        if step.strays {
            let again = self.completions.first().map(|completion| completion.index);
            self.completions.extend(again.into_iter().chain([u64::MAX]).map(|index| Completion { index, result: 77 }));
        }
        step.error.map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)))
    }

    fn completions(&mut self, take: impl FnMut(Completion)) {
        self.completions.drain(..).for_each(take);
    }
}

impl Drop for LateKernel {
    fn drop(&mut self) {
        assert!(self.held.is_empty(), "a kernel that holds requests must not go");
        // They are still valid here, and never looked at again.
        self.queue.iter().for_each(|(_, request)| drop(read(request)));
        self.seen.dropped.set(true);
    }
}

/// What a request points to.
fn read(request: &Request) -> Vec<u8> {
    match request.body {
        // SAFETY: this is what `push` was promised, and what the tests are about.
        Body::Whole { start, len } => unsafe { std::slice::from_raw_parts(start, len as usize) }.to_vec(),
        Body::Pieces(header) => {
            // SAFETY: as above.
            let header = unsafe { &*header };
            #[allow(clippy::unnecessary_cast, reason = "it has another type where libc is musl")]
            // SAFETY: as above.
            let pieces = unsafe { std::slice::from_raw_parts(header.msg_iov, header.msg_iovlen as usize) };
            let bytes = pieces.iter().map(|piece| {
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts(piece.iov_base.cast::<u8>(), piece.iov_len) }
            });
            bytes.flatten().copied().collect()
        }
    }
}

/// Lends bytes that go away with the call, so that a kernel which looks later looks at nothing.
fn send<K: Kernel>(in_flight: &mut InFlight<K>, bytes: &[(Vec<u8>, Vec<u8>)]) -> (Result<(), Lost>, Vec<Sent>) {
    let stdin = stdin();
    let lent = bytes.to_vec();
    let sends: Vec<_> = lent.iter().map(|(first, second)| SocketSend::pieces(stdin.as_fd(), first, second)).collect();
    let mut results = vec![Sent::WouldBlock];
    let outcome = in_flight.send_many(&sends, &mut results);
    (outcome, results)
}

fn numbered(count: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..count).map(|i| (vec![i], if i % 2 == 0 { Vec::new() } else { vec![i; 2] })).collect()
}

/// A step that takes and completes nothing.
fn refusal(errno: i32) -> Step {
    Step { error: Some(errno), takes: 0, completes: Vec::new(), strays: false }
}

fn takes_all(step: Step) -> Step {
    Step { takes: usize::MAX, ..step }
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..5)
}

fn any_step() -> impl Strategy<Value = Step> {
    let error = prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(vec![libc::EINTR, libc::EAGAIN, libc::EBUSY]).prop_map(Some),
    ];
    let completes = prop::collection::vec(any::<prop::sample::Index>(), 0..8);
    (error, 0usize..8, completes, any::<bool>()).prop_map(|(error, takes, completes, strays)| Step {
        error,
        takes,
        completes,
        strays,
    })
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::All),
        (0usize..6).prop_map(Outcome::AtMost),
        prop::sample::select(vec![libc::EAGAIN, libc::EPIPE]).prop_map(Outcome::Error),
    ]
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if cfg!(miri) {
        config.cases = 16;
        // It has no files. The failing case is printed.
        config.failure_persistence = None;
    }
    config
}

fn describe(result: &Sent) -> Outcome {
    match result {
        Sent::Bytes(bytes) => Outcome::AtMost(*bytes),
        Sent::WouldBlock => Outcome::Error(libc::EAGAIN),
        Sent::Failed(error) => Outcome::Error(error.raw_os_error().unwrap()),
        Sent::NotTried => Outcome::Error(0),
    }
}

proptest! {
    #![proptest_config(config())]

    /// However the kernel takes, completes and interrupts: each request is read while its bytes are there, and each
    /// result is that of its own send. Where it refuses for good, it is dropped before the bytes are, and what it did
    /// not take is `NotTried`.
    #[test]
    fn every_send_gets_its_own_result_while_its_bytes_are_there(
        bytes in prop::collection::vec((any_bytes(), any_bytes()), 0..30),
        capacity in 1usize..7,
        outcomes in prop::collection::vec(any_outcome(), 1..10),
        steps in prop::collection::vec(any_step(), 0..40),
        refuses in prop::option::of((0usize..40, any::<prop::sample::Index>())),
    ) {
        let (mut kernel, seen) = LateKernel::new(capacity, outcomes.clone(), steps);
        if let Some((at, order)) = refuses && at < kernel.steps.len() {
            kernel.steps[at] = Step { completes: vec![order; capacity], ..refusal(libc::EPERM) };
        }
        let mut in_flight = InFlight::new(kernel);
        let (outcome, results) = send(&mut in_flight, &bytes);

        let sent = seen.sent.borrow();
        prop_assert_eq!(results.len(), bytes.len());
        for (number, result) in results.iter().enumerate() {
            let mut completed = sent.iter().filter(|(of, _)| *of == number);
            let Some((_, wire)) = completed.next() else {
                prop_assert!(matches!(result, Sent::NotTried) && outcome.is_err());
                continue;
            };
            prop_assert!(completed.next().is_none());
            let whole = [&bytes[number].0[..], &bytes[number].1].concat();
            match (outcomes[number % outcomes.len()], describe(result)) {
                (Outcome::All, Outcome::AtMost(n)) => prop_assert!(n == whole.len() && *wire == whole),
                (Outcome::AtMost(most), Outcome::AtMost(n)) => {
                    prop_assert!(n == whole.len().min(most) && *wire == whole[..n]);
                }
                (Outcome::Error(expected), Outcome::Error(errno)) => prop_assert_eq!(expected, errno),
                (expected, got) => prop_assert!(false, "{:?} became {:?}", expected, got),
            }
        }
        match outcome {
            Ok(()) => prop_assert_eq!(sent.len(), bytes.len()),
            Err(lost) => prop_assert!(lost.errno == libc::EPERM && seen.dropped.get()),
        }
    }
}

#[test]
fn a_ring_that_was_lost_stays_lost() {
    let (kernel, seen) = LateKernel::new(4, vec![Outcome::All], [refusal(libc::ENOSYS)]);
    let mut in_flight = InFlight::new(kernel);
    for _ in 0..2 {
        let (outcome, results) = send(&mut in_flight, &numbered(6));
        assert_eq!(outcome, Err(Lost { errno: libc::ENOSYS }));
        assert!(results.len() == 6 && results.iter().all(|result| matches!(result, Sent::NotTried)));
    }
    assert_eq!(seen.enters.get(), 1);
    assert!(seen.dropped.get());
}

#[test]
fn a_kernel_that_never_takes_anything_is_given_up() {
    let refusals = std::iter::repeat_n(refusal(libc::EBUSY), PATIENCE as usize);
    let (kernel, seen) = LateKernel::new(4, vec![Outcome::All], refusals);
    let (outcome, _) = send(&mut InFlight::new(kernel), &numbered(3));
    assert_eq!(outcome, Err(Lost { errno: libc::EBUSY }));
    assert!(seen.sent.borrow().is_empty());
}

#[test]
fn a_kernel_that_holds_something_is_waited_for_however_long_it_takes() {
    let refusals = std::iter::repeat_n(refusal(libc::EAGAIN), 3 * PATIENCE as usize);
    let steps = [takes_all(refusal(libc::EINTR))].into_iter().chain(refusals);
    let (kernel, seen) = LateKernel::new(4, vec![Outcome::All], steps);
    let (outcome, results) = send(&mut InFlight::new(kernel), &numbered(3));
    assert_eq!(outcome, Ok(()));
    assert!(matches!(results[..], [Sent::Bytes(1), Sent::Bytes(3), Sent::Bytes(1)]));
    assert_eq!(seen.sent.borrow().len(), 3);
}

#[test]
fn a_queue_with_less_room_than_it_said_is_given_up() {
    let (mut kernel, seen) = LateKernel::new(4, vec![Outcome::All], []);
    kernel.room = 2;
    let (outcome, results) = send(&mut InFlight::new(kernel), &numbered(6));
    assert_eq!(outcome, Err(Lost { errno: libc::EBUSY }));
    assert!(matches!(results[..2], [Sent::Bytes(1), Sent::Bytes(3)]));
    assert!(results[2..].iter().all(|result| matches!(result, Sent::NotTried)));
    assert!(seen.dropped.get());
}

#[test]
fn nothing_to_send_does_not_enter_the_kernel() {
    let (kernel, seen) = LateKernel::new(4, vec![Outcome::All], []);
    let (outcome, results) = send(&mut InFlight::new(kernel), &[]);
    assert!(outcome.is_ok() && results.is_empty());
    assert_eq!(seen.enters.get(), 0);
}

/// What ends the process, or might: seen from another one.
#[cfg(not(miri))]
mod the_process {
    use std::env;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};

    use super::*;
    use crate::Ring;

    const IS_CHILD: &str = "ROOMFUL_URING_TEST_IS_CHILD";

    /// Runs `scenario` in a process of its own, by running the test `name` again.
    fn in_a_child(name: &str, scenario: impl FnOnce()) -> Option<Output> {
        if env::var_os(IS_CHILD).is_some() {
            scenario();
            return None;
        }
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut child = Command::new(env::current_exe().unwrap());
        let child = child.args([&format!("{module}::{name}"), "--exact", "--nocapture"]).env(IS_CHILD, "1");
        Some(child.output().unwrap())
    }

    fn assert_aborted(output: &Output, why: &str) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn is_aborted_when_the_kernel_holds_requests_and_says_no_more() {
        let scenario = || {
            let (kernel, _) = LateKernel::new(4, vec![Outcome::All], [takes_all(refusal(libc::EPERM))]);
            let _never = send(&mut InFlight::new(kernel), &numbered(3));
        };
        let output = in_a_child("is_aborted_when_the_kernel_holds_requests_and_says_no_more", scenario);
        output.inspect(|output| assert_aborted(output, "does not say whether it still reads"));
    }

    #[test]
    fn is_aborted_when_something_panics_while_the_kernel_holds_requests() {
        let scenario = || {
            let (mut kernel, _) = LateKernel::new(4, vec![Outcome::All], [takes_all(refusal(libc::EINTR))]);
            // To complete a request, it looks for its outcome in an empty list.
            kernel.outcomes.clear();
            let _never = send(&mut InFlight::new(kernel), &numbered(3));
        };
        let output = in_a_child("is_aborted_when_something_panics_while_the_kernel_holds_requests", scenario);
        output.inspect(|output| assert_aborted(output, "a panic while the kernel may read"));
    }

    /// The standard library ignores the signal in every Rust program, so only this test would notice it. Newer kernels
    /// send none for a ring's sends, asked or not.
    #[test]
    fn gets_no_signal_for_a_peer_that_is_gone() {
        let scenario = || {
            // SAFETY: the default action is set, no handler.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            let (near, far) = UnixStream::pair().unwrap();
            drop(far);
            let sends = [SocketSend::new(near.as_fd(), b"x"), SocketSend::pieces(near.as_fd(), b"y", b"z")];
            let mut results = Vec::new();
            if env::var_os("ROOMFUL_URING_FORBIDDEN").is_some() {
                return assert!(Ring::probe().is_err());
            }
            let ring = IoUring::new(4).unwrap();
            InFlight::new(ring).send_many(&sends, &mut results).unwrap();
            let broken = results.iter().filter(|result| matches!(describe(result), Outcome::Error(libc::EPIPE)));
            assert_eq!(broken.count(), 2);
        };
        let output = in_a_child("gets_no_signal_for_a_peer_that_is_gone", scenario);
        output.inspect(|output| assert!(output.status.success(), "{output:?}"));
    }
}

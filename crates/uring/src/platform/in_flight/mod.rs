//! The only module with `unsafe`, and all of it: memory is lent to the kernel here, which no borrow checker sees.
//!
//! Why it is sound. The kernel reads what a request points to from the moment it takes the request out of the queue
//! until it has posted the request's completion, and never again. All that a request points to is borrowed by the
//! caller of [`InFlight::send_many`] or owned by the [`InFlight`] itself, and unchanged, for as long as that call runs.
//! And the call returns only when each request that was pushed is in one of two states:
//!
//! - its completion was seen (`wait_for` counts each request's completion once, and goes on while one is missing); or
//! - it still stands in the queue, and the queue is dropped before the call returns, so that nobody can take it out.
//!
//! If neither can be reached, because the kernel holds requests and refuses to say more about them, or because
//! something here panics, the process is aborted: there is nobody who could take the memory back.
//!
//! What would break it: a return, a `?` or an `await` between the first push and the last completion; to change
//! `headers` or `pieces` in between; a ring whose queue a kernel thread empties by itself (`IORING_SETUP_SQPOLL`: a
//! request would be in neither state); requests with two completions (`IORING_OP_SEND_ZC`, multishot), of which the
//! first says nothing of the memory; and to push onto a queue that holds requests of an earlier call.
//!
//! The tests put a kernel into its place that reads the memory as late as a real one may, and are fit for miri.

#[cfg(test)]
mod tests;

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

use io_uring::{IoUring, opcode, squeue, types};

use crate::{Lost, Sent, SocketSend};

/// What the kernel is asked to do, by pointers.
#[derive(Debug, Clone, Copy)]
struct Request {
    /// Comes back with the completion.
    index: u64,
    fd: RawFd,
    body: Body,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    /// One slice, as `send(2)` takes it.
    Whole { start: *const u8, len: u32 },
    /// Several, as `sendmsg(2)` takes them.
    Pieces(*const libc::msghdr),
}

struct Completion {
    index: u64,
    /// How many bytes were sent, or an error number, negative.
    result: i32,
}

/// The kernel's side of a ring: a queue of requests that [`enter`](Kernel::enter) empties, and a queue of completions.
trait Kernel {
    /// How many requests an empty queue has room for. There is room for as many completions at least.
    fn capacity(&self) -> usize;

    /// How many requests stand in the queue, where the kernel does not look at them before the next `enter`.
    fn queued(&mut self) -> usize;

    /// Puts requests into the queue, as many as there is room for, and says how many.
    ///
    /// # Safety
    ///
    /// What a request points to must stay readable and unchanged until its completion was taken, or until the kernel
    /// was dropped with the request still in the queue.
    unsafe fn push(&mut self, requests: impl Iterator<Item = Request>) -> usize;

    /// Lets the kernel take what is in the queue, and waits for `completions` of them. An `Err` says nothing about how
    /// many it took.
    fn enter(&mut self, completions: usize) -> io::Result<()>;

    /// Takes the completions that are there.
    fn completions(&mut self, take: impl FnMut(Completion));
}

/// A kernel, and what it needs while it sends.
pub(super) struct InFlight<K> {
    /// Empty between two calls. Gone when it could not be emptied.
    kernel: Result<K, Lost>,
    pieces: Vec<[libc::iovec; 2]>,
    headers: Vec<libc::msghdr>,
}

#[allow(private_bounds, reason = "the kernel is this module's own business")]
impl<K: Kernel> InFlight<K> {
    /// `kernel` must be new: nothing may have been pushed.
    pub(super) fn new(kernel: K) -> Self {
        Self { kernel: Ok(kernel), pieces: Vec::new(), headers: Vec::new() }
    }

    /// See [`Ring::send_many`](super::Ring::send_many).
    pub(super) fn send_many(&mut self, sends: &[SocketSend<'_>], results: &mut Vec<Sent>) -> Result<(), Lost> {
        results.clear();
        results.resize_with(sends.len(), || Sent::NotTried);
        let kernel = self.kernel.as_mut().map_err(|lost| *lost)?;
        let capacity = kernel.capacity().max(1);
        let mut outcome = Ok(());
        for (sends, results) in sends.chunks(capacity).zip(results.chunks_mut(capacity)) {
            describe_pieces(sends, &mut self.pieces, &mut self.headers);
            outcome = send_chunk(kernel, sends, &self.headers, results);
            if outcome.is_err() {
                break;
            }
        }
        if let Err(lost) = outcome {
            // Its queue points at memory that is borrowed no longer.
            self.kernel = Err(lost);
        }
        outcome
    }
}

/// Writes a header for each send that has two pieces. All pieces are written before the first pointer to one is taken.
fn describe_pieces(sends: &[SocketSend<'_>], pieces: &mut Vec<[libc::iovec; 2]>, headers: &mut Vec<libc::msghdr>) {
    pieces.clear();
    headers.clear();
    let in_two = sends.iter().filter(|send| !send.second.is_empty());
    pieces.extend(in_two.map(|send| [iovec(send.first), iovec(send.second)]));
    headers.extend(pieces.iter().map(header));
}

fn iovec(bytes: &[u8]) -> libc::iovec {
    // The kernel only reads from it: no request here receives.
    libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }
}

fn header(pieces: &[libc::iovec; 2]) -> libc::msghdr {
    // SAFETY: it is made of integers and pointers, for all of which zero is a value. Some systems' has private padding,
    // so that it cannot be written out.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = ptr::from_ref(pieces).cast_mut().cast();
    header.msg_iovlen = pieces.len() as _;
    header
}

/// Sends what fits into an empty queue. `headers` are those of the sends that have two pieces, in their order.
///
/// After `Err`, the queue may hold requests, and must be dropped by the caller before it returns.
fn send_chunk(
    kernel: &mut impl Kernel,
    sends: &[SocketSend<'_>],
    headers: &[libc::msghdr],
    results: &mut [Sent],
) -> Result<(), Lost> {
    let mut headers = headers.iter();
    let requests = (0..).zip(sends).map(|(index, send)| {
        let in_two = if send.second.is_empty() { None } else { headers.next() };
        let body = in_two.map_or_else(|| whole(send.first), |header| Body::Pieces(header));
        Request { index, fd: send.fd.as_raw_fd(), body }
    });
    let no_way_out = AbortOnUnwind;
    // SAFETY: the sends' bytes are borrowed for longer than this function runs, and so are the headers with the pieces
    // that they point to; nothing here changes them. It does not return before `wait_for` did, and what `wait_for`
    // leaves in the queue the caller drops with the kernel.
    let pushed = unsafe { kernel.push(requests) };
    let outcome = wait_for(kernel, &mut results[..pushed]);
    mem::forget(no_way_out);
    // A queue that has no room for what an empty one has is not the one we know.
    if pushed < sends.len() { outcome.and(Err(Lost { errno: libc::EBUSY })) } else { outcome }
}

fn whole(bytes: &[u8]) -> Body {
    // No socket takes as much at once, and the kernel counts a request's bytes in 31 bits.
    const MOST: usize = 1 << 30;
    Body::Whole { start: bytes.as_ptr(), len: bytes.len().min(MOST) as u32 }
}

/// How often in a row the kernel may say "not now" to requests that it has not taken before the ring is given up. It
/// says so when it is out of memory.
const PATIENCE: u32 = 1000;

/// Returns when the kernel holds none of the requests that were pushed: `Ok` when each is completed, `Err` when those
/// that are not stand in the queue still.
fn wait_for(kernel: &mut impl Kernel, results: &mut [Sent]) -> Result<(), Lost> {
    let mut missing = results.len();
    let mut in_vain = 0_u32;
    while missing > 0 {
        let queued = kernel.queued();
        let entered = kernel.enter(missing);
        let completed = take_completions(kernel, results);
        missing -= completed;
        let Err(error) = entered else { continue };
        in_vain = if completed > 0 || kernel.queued() < queued { 0 } else { in_vain.saturating_add(1) };
        let passing = matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY));
        let holds_nothing = kernel.queued() == missing;
        if holds_nothing && (!passing || in_vain >= PATIENCE) {
            return Err(Lost { errno: error.raw_os_error().unwrap_or(libc::EIO) });
        }
        if !passing {
            abort(&format!("the kernel does not say whether it still reads what it was lent: {error}"));
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// Notes what became of requests, and says of how many. A request counts once: a completion that is nobody's, or a
/// second one, must not stand for one that is missing.
fn take_completions(kernel: &mut impl Kernel, results: &mut [Sent]) -> usize {
    let mut completed = 0;
    kernel.completions(|completion| {
        let result = usize::try_from(completion.index).ok().and_then(|index| results.get_mut(index));
        if let Some(result @ Sent::NotTried) = result {
            *result = match usize::try_from(completion.result) {
                Ok(bytes) => Sent::Bytes(bytes),
                Err(_) if completion.result == -libc::EAGAIN => Sent::WouldBlock,
                Err(_) => Sent::Failed(io::Error::from_raw_os_error(-completion.result)),
            };
            completed += 1;
        }
    });
    completed
}

/// Unwinding would give memory back to its owners that the kernel may still read.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        abort("a panic while the kernel may read what it was lent");
    }
}

fn abort(why: &str) -> ! {
    eprintln!("roomful-uring: {why}");
    std::process::abort()
}

/// A full socket answers at once, and a closed one with an error instead of a signal.
const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

impl Kernel for IoUring {
    fn capacity(&self) -> usize {
        self.params().sq_entries() as usize
    }

    fn queued(&mut self) -> usize {
        self.submission().len()
    }

    unsafe fn push(&mut self, requests: impl Iterator<Item = Request>) -> usize {
        let mut queue = self.submission();
        // SAFETY: the caller's promise is the one that is asked for.
        requests.take_while(|request| unsafe { queue.push(&entry(request)) }.is_ok()).count()
    }

    fn enter(&mut self, completions: usize) -> io::Result<()> {
        self.submit_and_wait(completions).map(drop)
    }

    fn completions(&mut self, take: impl FnMut(Completion)) {
        let completions = self.completion();
        completions.map(|entry| Completion { index: entry.user_data(), result: entry.result() }).for_each(take);
    }
}

fn entry(request: &Request) -> squeue::Entry {
    let fd = types::Fd(request.fd);
    let entry = match request.body {
        Body::Whole { start, len } => opcode::Send::new(fd, start, len).flags(FLAGS).build(),
        Body::Pieces(header) => opcode::SendMsg::new(fd, header).flags(FLAGS.cast_unsigned()).build(),
    };
    entry.user_data(request.index)
}

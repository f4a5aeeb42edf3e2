//! One connection: bytes in, messages out, and what the socket would not take yet.

use std::io::{self, Read as _, Write as _};

use mio::net::TcpStream;

use super::frame::{self, Opcode, Parsed};
use super::handshake::{self, Answer};
use super::inflate::Inflater;
use crate::dialect::{Dialect, Greeting};
use crate::failure::Failure;
use crate::tally::Tally;

/// How far a connection has come, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The socket is lost.
    Lost,
    /// The upgrade was asked for, or is about to be.
    Upgrading,
    /// Upgraded, but not in its room yet.
    Greeting,
    /// In its room.
    Open,
    /// It is sent events, which are counted in bytes alone.
    Streaming,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) phase: Phase,
    /// Whether the server compresses.
    pub(super) deflate: bool,
    /// The start of a frame whose end has not come.
    partial: Vec<u8>,
    /// What the socket would not take yet.
    unsent: Vec<u8>,
}

/// What came in since it was last looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Bytes read, WebSocket headers and all.
    pub bytes: u64,
    /// Text messages among them.
    pub messages: u64,
}

/// What reading needs besides the connection.
pub(super) struct Ear<'a> {
    pub(super) member: usize,
    pub(super) dialect: Dialect,
    pub(super) buffer: &'a mut [u8],
    pub(super) inflater: &'a mut Inflater,
    pub(super) tally: &'a mut Tally,
    pub(super) traffic: &'a mut Traffic,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, phase: Phase::Upgrading, deflate: false, partial: Vec::new(), unsent: Vec::new() }
    }

    /// Reads all that is there.
    pub(super) fn read(&mut self, ear: &mut Ear<'_>) -> Result<(), Failure> {
        loop {
            let kept = self.partial.len();
            if kept >= ear.buffer.len() {
                return Err(Failure::Violation(format!("a message is longer than {} bytes", ear.buffer.len())));
            }
            let count = match self.stream.read(&mut ear.buffer[kept..]) {
                Ok(0) => return Err(ended(ear.member, "it closed the socket")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ended(ear.member, &error.to_string())),
            };
            ear.traffic.bytes += count as u64;
            ear.buffer[..kept].copy_from_slice(&self.partial);
            self.partial.clear();
            let filled = kept + count;
            let taken = self.take(filled, ear)?;
            self.partial.extend_from_slice(&ear.buffer[taken..filled]);
            // A short read has emptied the socket: what comes after it is a new event.
            if filled < ear.buffer.len() {
                return Ok(());
            }
        }
    }

    /// Takes all whole frames out of the first `filled` bytes; how many bytes they were.
    fn take(&mut self, filled: usize, ear: &mut Ear<'_>) -> Result<usize, Failure> {
        let mut taken = 0;
        if self.phase == Phase::Upgrading {
            match handshake::answer(&ear.buffer[..filled]) {
                Answer::Partial => return Ok(0),
                Answer::Refused(status) => return Err(ended(ear.member, &status)),
                Answer::Streams { .. } => self.phase = Phase::Streaming,
                Answer::Upgraded { len, deflate } => {
                    taken = len;
                    self.deflate = deflate;
                    self.phase = if ear.dialect.greets() { Phase::Greeting } else { Phase::Open };
                }
            }
        }
        if self.phase == Phase::Streaming {
            return Ok(filled);
        }
        let buffer = &*ear.buffer;
        while let Parsed::Whole(frame) = whole(frame::parse(&buffer[taken..filled]))? {
            taken += frame.len;
            match frame.opcode {
                Opcode::Text => {
                    ear.traffic.messages += 1;
                    let payload = if frame.compressed { ear.inflater.inflate(frame.payload)? } else { frame.payload };
                    ear.tally.hear(ear.member, payload)?;
                    self.respond(ear.dialect, payload)?;
                }
                Opcode::Ping => {
                    let mut pong = Vec::new();
                    frame::write_pong(&mut pong, frame.payload);
                    self.write(&pong)?;
                }
                Opcode::Pong => {}
                Opcode::Close => return Err(ended(ear.member, &close_reason(frame.payload))),
                Opcode::Other(opcode) => {
                    return Err(Failure::Violation(format!("a frame of opcode {opcode}, or a fragment")));
                }
            }
        }
        Ok(taken)
    }

    fn respond(&mut self, dialect: Dialect, payload: &[u8]) -> Result<(), Failure> {
        let answer = match (self.phase, dialect.heartbeat(payload)) {
            (_, Some(answer)) => answer,
            (Phase::Greeting, None) => match dialect.greet(payload) {
                Greeting::Say(answer) => answer,
                Greeting::Wait => return Ok(()),
                Greeting::Done => {
                    self.phase = Phase::Open;
                    return Ok(());
                }
            },
            _ => return Ok(()),
        };
        let mut bytes = Vec::new();
        frame::write_text(&mut bytes, answer);
        self.write(&bytes)
    }

    /// Writes, or keeps for later what the socket does not take.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = if self.unsent.is_empty() { self.write_some(bytes)? } else { 0 };
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Writes what was kept.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            let written = self.write_some(&unsent)?;
            self.unsent.extend_from_slice(&unsent[written..]);
        }
        Ok(())
    }

    /// Whether something waits that the socket would not take.
    pub(super) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn write_some(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let mut written = 0;
        while written < bytes.len() {
            match self.stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::io("a message could not be sent")(error)),
            }
        }
        Ok(written)
    }
}

fn whole(parsed: Parsed<'_>) -> Result<Parsed<'_>, Failure> {
    if parsed == Parsed::Masked {
        return Err(Failure::Violation("the server masked a frame".to_owned()));
    }
    Ok(parsed)
}

fn ended(member: usize, why: &str) -> Failure {
    Failure::Ended { member, why: why.to_owned() }
}

fn close_reason(payload: &[u8]) -> String {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            format!("close {} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
        }
        None => "close without a code".to_owned(),
    }
}

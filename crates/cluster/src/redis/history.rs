//! What Redis keeps of rooms: of each a hash that says where it stands, and a stream of what was said.
//!
//! Both are changed by scripts alone, each of which is one step for everybody: a number, what has it, and its way to those who listen.
//! They have one name but for its end, which is the slot of a cluster that the room's channel has, too.

use redis::{Cmd, RedisError, Value};
use roomful_runtime::{HistoryBounds, Known};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::connection::{Connection, Words};
use crate::Kept;

/// For so long after the last word, or the last look, it is known which run of numbers a room had. A day: who has the room then has
/// looked, or begins another run, which costs those who come back in that moment what they missed.
const KNOWN_FOR_MS: u64 = 24 * 60 * 60 * 1_000;

/// An answer has so many bytes of words, and one word more. 256 KiB: as the pages of a roster.
const PAGE_BYTES: usize = 256 << 10;

/// And so many words.
const PAGE: usize = 256;

/// Where a room stands, and a new run of numbers where that is not known or less than a node has seen. A run begins at the time, in
/// milliseconds: above all numbers of the one before, of which nobody gives a thousand a second for years.
const STANDS: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local stands = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'floor', 'bytes')
local epoch, top, floor, bytes = stands[1], tonumber(stands[2]), tonumber(stands[3]), tonumber(stands[4])
local seen = tonumber(ARGV[3])
if not epoch or (epoch == ARGV[2] and top < seen) then
  epoch, top = ARGV[1], math.max(now, seen)
  floor, bytes = top, 0
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'top', text(top), 'floor', text(floor), 'bytes', '0')
elseif floor < top and redis.call('EXISTS', KEYS[2]) == 0 then
  floor, bytes = top, 0
  redis.call('HSET', KEYS[1], 'floor', text(floor), 'bytes', '0')
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
";

const APPEND: &str = "
if now > tonumber(ARGV[5]) then return {'late'} end
local word, frames, most = ARGV[9], tonumber(ARGV[6]), tonumber(ARGV[7])
top = top + 1
redis.call('XADD', KEYS[2], text(top) .. '-0', 'w', word)
bytes = bytes + #word
while top - floor > frames or bytes > most do
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if not first then break end
  redis.call('XDEL', KEYS[2], first[1])
  bytes = bytes - #first[2][2]
  floor = tonumber(string.match(first[1], '^%d+'))
end
redis.call('HSET', KEYS[1], 'top', text(top), 'floor', text(floor), 'bytes', text(bytes))
redis.call('PEXPIRE', KEYS[2], ARGV[8])
redis.call(ARGV[10], ARGV[11], 'rw ' .. epoch .. ' ' .. text(top) .. ' ' .. word)
return {epoch, text(top)}
";

const READ: &str = "
local after = floor
if epoch == ARGV[2] then after = math.max(floor, seen) end
local words, left = {}, tonumber(ARGV[6])
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], text(after + 1) .. '-0', '+', 'COUNT', ARGV[5])) do
  if left <= 0 then break end
  left = left - #entry[2][2]
  table.insert(words, string.match(entry[1], '^%d+'))
  table.insert(words, entry[2][2])
end
return {epoch, text(floor), text(top), words}
";

/// The scripts, as this server knows them, and how its clock stands to this process's.
#[derive(Debug, Clone)]
pub(super) struct Scripts {
    append: String,
    read: String,
    /// What the server's clock showed, in milliseconds, at this time of the process or before.
    clock: (u64, Instant),
}

impl Scripts {
    /// Loads them, and tries out that they may be run.
    pub(super) async fn load(connection: &mut Connection, channel: &str, words: Words) -> Result<Self, String> {
        let failed = |error: RedisError| error.to_string();
        let append = load(connection, APPEND).await.map_err(failed)?;
        let read = load(connection, READ).await.map_err(failed)?;
        let time = connection.ask(&redis::cmd("TIME")).await.map_err(failed)?;
        let clock = (milliseconds(time).ok_or("it does not know what time it is")?, Instant::now());
        let scripts = Self { append, read, clock };
        let (known, bounds) = (Known { epoch: "".into(), seq: 0 }, HistoryBounds { frames: 1, bytes: 1, age_ms: 1 });
        let (append, read) = (
            scripts.append(channel, words, (Instant::now() + Duration::from_secs(60), &known, bounds), b"try"),
            scripts.read(channel, &known),
        );
        for tried in [append, read] {
            connection.ask(&tried).await.map_err(failed)?;
        }
        let [stands, said] = keys(channel);
        connection.ask(redis::cmd("DEL").arg(stands).arg(said)).await.map_err(failed)?;
        Ok(scripts)
    }

    pub(super) fn append(
        &self,
        channel: &str,
        words: Words,
        (until, known, bounds): (Instant, &Known, HistoryBounds),
        word: &[u8],
    ) -> Cmd {
        let mut command = self.command(&self.append, channel, known);
        let HistoryBounds { frames, bytes, age_ms } = bounds;
        command
            .arg(self.shows(until))
            .arg(frames)
            .arg(bytes)
            .arg(age_ms.max(1))
            .arg(word)
            .arg(words.publish)
            .arg(channel);
        command
    }

    pub(super) fn read(&self, channel: &str, known: &Known) -> Cmd {
        let mut command = self.command(&self.read, channel, known);
        command.arg(PAGE).arg(PAGE_BYTES);
        command
    }

    fn command(&self, script: &str, channel: &str, known: &Known) -> Cmd {
        let [stands, said] = keys(channel);
        let mut command = redis::cmd("EVALSHA");
        command.arg(script).arg(2).arg(stands).arg(said);
        command.arg(Uuid::new_v4().simple().to_string()).arg(&*known.epoch).arg(known.seq).arg(KNOWN_FOR_MS);
        command
    }

    /// What the server's clock shows then at the least: nothing is taken later than is meant.
    fn shows(&self, at: Instant) -> u64 {
        let (showed, then) = self.clock;
        let since = u64::try_from(at.saturating_duration_since(then).as_millis()).unwrap_or(u64::MAX);
        showed.saturating_add(since)
    }
}

async fn load(connection: &mut Connection, script: &str) -> Result<String, RedisError> {
    let whole = format!("{STANDS}{script}");
    let loaded = connection.ask(redis::cmd("SCRIPT").arg("LOAD").arg(whole)).await?;
    redis::from_redis_value(loaded).map_err(Into::into)
}

/// In the slot of a cluster that the channel has.
fn keys(channel: &str) -> [String; 2] {
    ["stands", "said"].map(|end| format!("{{{channel}}}.{end}"))
}

fn milliseconds(time: Value) -> Option<u64> {
    let (seconds, micros): (u64, u64) = redis::from_redis_value(time).ok()?;
    Some(seconds.saturating_mul(1_000).saturating_add(micros / 1_000))
}

/// The number that was given, or that it came too late. `None`: no answer of ours.
pub(super) fn appended(answer: Value) -> Option<Option<u64>> {
    let parts: Vec<String> = redis::from_redis_value(answer).ok()?;
    match &*parts {
        [late] if late == "late" => Some(None),
        [_, seq] => seq.parse().ok().map(Some),
        _ => None,
    }
}

/// What is kept: which run of numbers, its floor and its top, and the words.
pub(super) fn history(answer: Value) -> Option<(String, (u64, u64), Vec<Kept>)> {
    let (epoch, floor, top, words): (String, String, String, Vec<Value>) = redis::from_redis_value(answer).ok()?;
    let kept = words.chunks_exact(2).map(|entry| {
        let [Value::BulkString(seq), Value::BulkString(word)] = entry else { return None };
        let seq: u64 = std::str::from_utf8(seq).ok()?.parse().ok()?;
        Some(Kept { seq, after: seq.checked_sub(1)?, word: word.clone().into() })
    });
    Some((epoch, (floor.parse().ok()?, top.parse().ok()?), kept.collect::<Option<_>>()?))
}

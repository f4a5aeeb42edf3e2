//! `roomful`, in a process of its own.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::within;

/// The command with these arguments, and nothing of this environment's that it reads.
pub(crate) fn roomful(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomful"));
    command.args(args).env_remove("ROOMFUL_COOKIE").env_remove("ROOMFUL_CREDENTIALS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What it said until it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) async fn of(mut command: Command) -> Self {
        let output = within("the command ends", command.output()).await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// One that runs on, and prints JSON.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = within("a line is printed", self.lines.next_line()).await.unwrap();
        match line {
            Some(line) => serde_json::from_str(&line).unwrap(),
            None => panic!("it has ended: {}", self.complaint().await),
        }
    }

    /// The next frame; what happens to the connection meanwhile is left out.
    pub(crate) async fn frame(&mut self) -> Value {
        loop {
            let mut line = self.next().await;
            if line["event"] == "frame" {
                return line["frame"].take();
            }
        }
    }

    pub(crate) async fn interrupt(&mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().await.unwrap().success());
    }

    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        within("the command ends", self.child.wait()).await.unwrap().code()
    }

    async fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(err) = &mut self.child.stderr {
            err.read_to_string(&mut text).await.unwrap();
        }
        text
    }
}

//! `cargo xtask demo`: the live cursor board, built and served on this machine.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use crate::args::{Broker, Platform};
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::running;
use crate::step;
use crate::steps;
use crate::tools;
use crate::typescript::WEB;
use crate::worker::{self, WORKER};

/// Builds the board's page and server, and serves it until it is stopped.
pub(crate) fn run(repo: &Repo, port: u16, on: Platform) -> Result<(), Failure> {
    is_free(port)?;
    let needs: &[&str] = match on {
        Platform::Axum => &["web-build"],
        Platform::Worker => &["web-build", "worker-build"],
        Platform::Cluster(broker) => {
            tools::broker(repo, program(broker))?;
            &["web-build"]
        }
    };
    running::run_all(repo, &step::select(&[steps::TEST], needs))?;

    println!("\n==> the server; Ctrl-C stops it");
    let port = port.to_string();
    let mut server = match on {
        Platform::Axum => board(repo, &["--port", &port]),
        Platform::Cluster(broker) => board(repo, &["nodes", "--broker", name(broker), "--port", &port]),
        Platform::Worker => {
            let mut serve = repo.program("node", WORKER, ["serve.mjs", "--port", &port, "--build"]);
            serve.arg(repo.path(worker::BOARD)).arg("--assets").arg(repo.path(WEB).join("dist"));
            serve
        }
    };
    println!("  $ {}", command::line(&server));
    become_program(&mut server)
}

fn board(repo: &Repo, args: &[&str]) -> Command {
    let run = ["run", "--release", "--locked", "--package", "cursors", "--"];
    repo.cargo(run.into_iter().chain(args.iter().copied()))
}

fn name(broker: Broker) -> &'static str {
    match broker {
        Broker::Nats => "nats",
        Broker::Redis => "redis",
    }
}

fn program(broker: Broker) -> &'static str {
    match broker {
        Broker::Nats => "nats-server",
        Broker::Redis => "redis-server",
    }
}

/// A port that is taken should be known before minutes of building, not after.
fn is_free(port: u16) -> Result<(), Failure> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Failure::new(
            format!("another program listens on port {port}"),
            "stop it, or choose another port: `cargo xtask demo --port 0` takes one that is free",
        )),
        Err(error) => Err(Failure::new(
            format!("port {port} cannot be listened on: {error}"),
            "choose another port with `cargo xtask demo --port PORT`",
        )),
    }
}

/// Puts the program in the place of this one.
///
/// A parent that waited would die of Ctrl-C before its child, and give the terminal back while the server still takes leave of
/// its connections.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(Failure::new(
        format!("`{}` could not be started: {error}", command::line(command)),
        "see that cargo and Node are installed",
    ))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<(), Failure> {
    command::run(command, "read what the server printed above")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_said_before_anything_is_built() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = taken.local_addr().expect("its address").port();
        let message = is_free(port).expect_err("it is taken").to_string();
        assert!(message.contains(&format!("port {port}")), "{message}");
        assert!(message.contains("--port"), "{message}");
    }

    #[test]
    fn port_zero_is_always_free() {
        is_free(0).expect("the system finds one");
    }
}

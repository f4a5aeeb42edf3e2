//! `cargo xtask bench`, once everything is built.

use std::process::ExitCode;

use clap::Parser as _;
use roomful_bench::args::Args;
use roomful_bench::clock::Clock;
use roomful_bench::failure::Failure;
use roomful_bench::machine;
use roomful_bench::peer::PEERS;
use roomful_bench::processors::Processors;
use roomful_bench::report::Report;
use roomful_bench::run::{self, Setting};
use roomful_bench::scenario::SCENARIOS;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = if args.list { list() } else { measure(&args) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nFAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> Result<(), Failure> {
    println!("scenarios, for --only:");
    for scenario in SCENARIOS {
        println!("  {:<18}{}", scenario.name, scenario.title);
    }
    println!("\npeers, for --peers:");
    for peer in PEERS {
        println!("  {:<18}{}", peer.name, peer.does);
    }
    Ok(())
}

fn measure(args: &Args) -> Result<(), Failure> {
    let (scenarios, peers) = (args.scenarios()?, args.peers()?);
    let processors = Processors::choose(args.spread)?;
    processors.keep_generator()?;
    let setting = Setting {
        repository: args.repository.clone(),
        pace: args.pace(),
        processors,
        open_files: run::raise_open_files()?,
        clock: Clock::start(),
    };
    let before = machine::load();
    let outcomes = scenarios.into_iter().map(|scenario| setting.run(scenario, &peers)).collect();
    let machine = machine::describe(&before);
    let report = Report { outcomes, peers, pace: setting.pace, spread: args.spread, machine };
    println!();
    for path in report.write(&args.output())? {
        println!("wrote {}", path.display());
    }
    let failures: Vec<&str> = report.our_failures().collect();
    if failures.is_empty() { Ok(()) } else { Err(Failure::Ours(failures.join("; "))) }
}

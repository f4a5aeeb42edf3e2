//! `roomful load`: many members of one room, what they say, and whether everybody gets it.

mod asked;
mod deliveries;
mod each;
mod frames;
mod mark;
mod member;
mod plan;
mod report;
mod run;
mod tally;
mod view;

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::door::require_room;
use crate::failure::Failure;
pub(crate) use asked::LoadArgs;
use plan::Plan;
use report::Report;

/// Joins, says, counts and reports. Something lost, doubled or out of order is exit code 1, and so are members that never got in.
///
/// # Errors
///
/// When what is asked for cannot be, nobody gets in, or the report cannot be written.
pub(crate) async fn run(args: &LoadArgs) -> Result<ExitCode, Failure> {
    let door = args.door.door()?;
    require_room(&door.address)?;
    let plan = Plan::new(args)?;
    let doors = each::doors(&door, args.each_credentials.as_deref())?;
    let report = run::run(&plan, doors).await?;
    write(args, &report)?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(args: &LoadArgs, report: &Report) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(report).map_err(|error| Failure::output(&error.into()))?;
    let markdown = report.markdown();
    if let Some(file) = &args.report {
        for (extension, text) in [("json", &json), ("md", &markdown)] {
            let file = file.with_added_extension(extension);
            fs::write(&file, text).map_err(|error| {
                Failure::new(
                    format_args!("{}: {error}", file.display()),
                    "see that its folder is there and may be written to",
                )
            })?;
        }
    }
    let text = if args.json { json } else { markdown };
    writeln!(io::stdout().lock(), "{}", text.trim_end()).map_err(|error| Failure::output(&error))
}

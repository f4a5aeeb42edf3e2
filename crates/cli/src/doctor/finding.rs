//! What was found, as people read it and as programs do.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::door::Address;
use crate::screen::printable;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// As it may be; worth knowing.
    Note,
    /// Somebody should look at it.
    Warning,
    /// It does not work.
    Fault,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    said: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Printed as it grows, or as JSON at its end.
pub(super) struct Report {
    address: String,
    is_json: bool,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Whole<'a> {
    address: &'a str,
    faults: usize,
    warnings: usize,
    checks: &'a [Finding],
}

impl Report {
    pub(super) fn new(address: &Address, is_json: bool) -> Self {
        Self { address: address.to_string(), is_json, findings: Vec::new() }
    }

    pub(super) fn ok(&mut self, check: &'static str, said: impl ToString) -> io::Result<()> {
        self.add(Finding { check, verdict: Verdict::Ok, said: said.to_string(), remedy: None })
    }

    pub(super) fn note(&mut self, check: &'static str, said: impl ToString) -> io::Result<()> {
        self.add(Finding { check, verdict: Verdict::Note, said: said.to_string(), remedy: None })
    }

    pub(super) fn warn(&mut self, check: &'static str, said: impl ToString, remedy: impl ToString) -> io::Result<()> {
        let remedy = Some(remedy.to_string());
        self.add(Finding { check, verdict: Verdict::Warning, said: said.to_string(), remedy })
    }

    pub(super) fn fault(&mut self, check: &'static str, said: impl ToString, remedy: impl ToString) -> io::Result<()> {
        let remedy = Some(remedy.to_string());
        self.add(Finding { check, verdict: Verdict::Fault, said: said.to_string(), remedy })
    }

    /// Of what takes long, before it is known.
    pub(super) fn waiting(&self, said: impl ToString) {
        if !self.is_json {
            eprintln!("-- {}", said.to_string());
        }
    }

    fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.is_json {
            let mut out = io::stdout().lock();
            let word = match finding.verdict {
                Verdict::Ok => "ok",
                Verdict::Note => "note",
                Verdict::Warning => "WARN",
                Verdict::Fault => "FAULT",
            };
            writeln!(out, "{word:<6}{:<13}{}", finding.check, printable(&finding.said))?;
            if let Some(remedy) = &finding.remedy {
                writeln!(out, "{:<19}What to do: {remedy}", "")?;
            }
        }
        self.findings.push(finding);
        Ok(())
    }

    /// Whether there was no fault.
    pub(super) fn end(&self) -> io::Result<bool> {
        let (faults, warnings) = (self.count(Verdict::Fault), self.count(Verdict::Warning));
        let mut out = io::stdout().lock();
        if self.is_json {
            let whole = Whole { address: &self.address, faults, warnings, checks: &self.findings };
            serde_json::to_writer_pretty(&mut out, &whole)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}: {faults} faults, {warnings} warnings", self.address)?;
        }
        Ok(faults == 0)
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }
}

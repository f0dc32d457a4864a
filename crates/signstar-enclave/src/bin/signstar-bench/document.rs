//! The tables of a document, written anew from a report.

use std::fmt::Write;

use crate::{
    Failed,
    report::{Report, Skipped, verdict},
    row::Row,
};

/// `text` with the tables of `report` between their markers. What stands around them stays.
///
/// Fails if a marker is missing.
pub(crate) fn rewritten(text: &str, report: &Report) -> Result<String, Failed> {
    let sections = [
        ("machine", machine(report)),
        ("targets", targets(report)),
        ("figures", figures(report)),
    ];
    let mut text = text.to_owned();
    for (name, table) in sections {
        let (begin, end) = (
            format!("<!-- {name}: written by ./bench -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let missing = || format!("the document has no marker for {name}");
        let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
        let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
        text = format!("{before}{begin}{table}{end}{after}");
    }
    Ok(text)
}

fn machine(report: &Report) -> String {
    let (met, judged) = report.score();
    let mut text = format!("\n{}.\n", report.machine.to_text());
    // Writing to a text cannot fail.
    if judged > 0 {
        let _ = writeln!(text, "{met} of {judged} targets met.");
    }
    if let Some(warning) = report.machine.warning() {
        let _ = writeln!(text, "\n**{warning}.**");
    }
    for Skipped { what, reason } in &report.skipped {
        let _ = writeln!(text, "\nLeft out: {what}, because {reason}.");
    }
    text + "\n"
}

fn targets(report: &Report) -> String {
    let mut text = "\n| | ratio | target | | measured | 95 in 100 | compared to |\n\
                    |---|---:|---:|---|---:|---:|---|\n"
        .to_owned();
    for row in report.rows.iter().filter(|row| row.target.is_some()) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            ratio(row),
            row.wanted().unwrap_or_default(),
            verdict(row),
            row.unit.write(row.figure),
            tail(row),
            peer(row),
        );
    }
    text + "\n"
}

fn figures(report: &Report) -> String {
    let mut text = String::new();
    let mut group = "";
    for row in report.rows.iter().filter(|row| row.target.is_none()) {
        if row.group != group {
            group = &row.group;
            let _ = write!(
                text,
                "\n| {group} | ratio | measured | 95 in 100 | samples | compared to |\n\
                 |---|---:|---:|---:|---:|---|\n"
            );
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.name,
            ratio(row),
            row.unit.write(row.figure),
            tail(row),
            row.samples,
            peer(row),
        );
    }
    text + "\n"
}

fn ratio(row: &Row) -> String {
    row.ratio.map_or_else(String::new, |it| format!("{it:.2}"))
}

fn tail(row: &Row) -> String {
    row.tail.map_or_else(String::new, |it| row.unit.write(it))
}

fn peer(row: &Row) -> String {
    row.peer.as_ref().map_or_else(String::new, |peer| {
        format!("{}: {}", peer.name, row.unit.write(peer.figure))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        machine::Machine,
        row::{Target, Unit},
    };

    fn report() -> Report {
        let machine = Machine {
            cores: 4,
            memory: 16.0,
            load: 0.1,
            date: "2026-01-31 12:00".to_owned(),
            commit: "0123456789".to_owned(),
            build: "release".to_owned(),
        };
        let mut report = Report::new(machine, false);
        report.begin("hashing");
        let row = Row::once("1 GiB", Unit::Seconds, 1.8).beside("openssl", 2.0);
        report.add(row.clone().should(Target::Ratio(1.0)));
        report.add(row);
        report
    }

    #[test]
    fn what_stands_around_the_tables_stays() {
        let mut document = "# Title\n".to_owned();
        for name in ["machine", "targets", "figures"] {
            let _ = writeln!(
                document,
                "before {name}\n<!-- {name}: written by ./bench -->\nold\n<!-- end of {name} -->\nafter"
            );
        }
        let once = rewritten(&document, &report()).expect("markers");
        assert!(!once.contains("old"), "{once}");
        assert!(once.starts_with("# Title\nbefore machine\n"), "{once}");
        let row = "| 1 GiB | 0.90 | ≤ 1 × | met | 1.80 s |  | openssl: 2.00 s |\n";
        assert!(once.contains(row), "{once}");
        assert!(once.contains("1 of 1 targets met."), "{once}");
        assert_eq!(rewritten(&once, &report()).expect("markers"), once);
    }

    #[test]
    fn a_document_without_markers_is_not_touched() {
        assert!(rewritten("# Title\n", &report()).is_err());
    }
}

//! Times sweeps and texts of maps: `cargo run --release -p harness --example sweep -- DEPTH [FIELD]`.
use harness::action::IdFile;
use harness::explore::{Watch, maps, sweep};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let depth: usize = args.next().unwrap_or("2".into()).parse()?;
    let only = args.next();
    for field in sweep::fields().iter().filter(|f| only.as_deref().is_none_or(|only| only == f.name)) {
        let begun = Instant::now();
        let swept = sweep::sweep(field, depth, 2, &Watch::default())?;
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{:28} {} of {} scenarios {} sequences {} states {} open  {seconds:.2} s, {:.0}/s, {} disputes",
            field.name,
            swept.scenarios,
            field.vocabulary.len(),
            swept.sequences,
            swept.states,
            swept.open,
            swept.scenarios as f64 / seconds,
            swept.disputes.len()
        );
        for d in swept.disputes.iter().take(2) {
            println!("{}", d.trace);
            for p in &d.points {
                println!("{}", harness::verdict::described(&d.trace, p));
            }
        }
    }
    for length in 0..6 {
        let begun = Instant::now();
        let t = maps::refused(IdFile::UidMap, maps::strings(12, length), 2, &Watch::default())?;
        println!(
            "length {length}: {} texts, {:.0}/s, {} disputes",
            t.texts,
            t.texts as f64 / begun.elapsed().as_secs_f64(),
            t.disputes.len()
        );
        for d in t.disputes.iter().take(1) {
            for p in &d.points {
                println!("{}", harness::verdict::described(&d.trace, p));
            }
        }
    }
    for (name, t) in [
        ("edges", maps::refused(IdFile::UidMap, maps::edges(), 2, &Watch::default())?),
        ("pairs", maps::refused(IdFile::GidMap, maps::pairs(), 2, &Watch::default())?),
    ] {
        println!("{name}: {} texts {} disputes", t.texts, t.disputes.len());
        for d in t.disputes.iter().take(1) {
            for p in d.points.iter().take(5) {
                println!("{}", harness::verdict::described(&d.trace, p));
            }
        }
    }
    Ok(())
}

//! The archive to attach.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use tar::{Builder, Header};

use crate::bug_report::personal::Personal;
use crate::report::user_run::UserRun;
use crate::run::gathered::Gathered;
use crate::run::results;

/// The directory in the archive.
const DIRECTORY: &str = "userns-suite-report";

/// Writes the report and the files of a run. Personal names are hidden in all of them.
///
/// # Errors
/// When the run cannot be written as JSON, or the archive cannot be written.
pub fn write(
    file: &Path,
    report: &str,
    run: &UserRun,
    gathered: &Gathered,
    personal: &Personal,
) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    let mut archive = Builder::new(BufWriter::new(File::create(file).map_err(fail)?));
    let mut files = vec![("report.md".into(), report.to_owned())];
    files.extend(results::files(run, gathered)?);
    for (path, text) in files {
        let text = personal.hidden(&text);
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, Path::new(DIRECTORY).join(path), text.as_bytes()).map_err(fail)?;
    }
    let out = archive.into_inner().map_err(fail)?;
    out.into_inner().map(drop).map_err(|error| fail(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_archive_has_the_report_and_the_run() -> Result<(), Box<dyn std::error::Error>> {
        let file = tempfile::NamedTempFile::new()?;

        write(file.path(), "# report\n", &UserRun::default(), &Gathered::default(), &Personal::none())?;

        let mut archive = tar::Archive::new(File::open(file.path())?);
        let mut names = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            names.push((entry.path()?.display().to_string(), text.len() > 5));
        }
        let name = |name: &str| (format!("{DIRECTORY}/{name}"), true);
        assert_eq!(names, [name("report.md"), name("run.json")]);
        let refused = write(
            Path::new("/nowhere/r.tar"),
            "",
            &UserRun::default(),
            &Gathered::default(),
            &Personal::none(),
        );
        assert!(refused.is_err_and(|why| why.starts_with("cannot write /nowhere/r.tar: ")));
        Ok(())
    }
}

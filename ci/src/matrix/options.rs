//! `cargo ci matrix` on the command line, and what `cargo ci kernels` takes for the same pages.

use std::path::PathBuf;

use clap::Args;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci kernels --save all.json                 what each kernel answered
  cargo ci matrix --html matrix.html all.json      the page
  cargo ci matrix --markdown matrix.md a.json b.json   jobs that each ran other kernels, side by side
  cargo ci matrix --html matrix.html artifacts     every kernels.json below a directory

All files have to come from the same version of the suite, and name each kernel once. The page is one file: it
loads nothing, and works without a network.

Exit status: 0 written, 2 a file is cut short or does not belong to the others, or nothing could be written.";

/// Options of `cargo ci matrix`.
#[derive(Args, Debug)]
pub struct MatrixOptions {
    /// What `cargo ci kernels --save` wrote; a directory stands for each file named kernels.json below it. Kernels
    /// are shown in this order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The pages to write.
    #[command(flatten)]
    pub pages: PagesOptions,
}

/// Which pages of kernels and rules are written.
#[derive(Args, Clone, Debug, Default)]
pub struct PagesOptions {
    /// Write one page with the rules down and the kernels across, to be opened in a browser
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the same as Markdown, for an issue or the summary of a job
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

impl PagesOptions {
    /// Whether no page is asked for.
    pub fn is_empty(&self) -> bool {
        self.html.is_none() && self.markdown.is_none()
    }
}

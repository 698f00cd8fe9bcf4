//! The program: reads the command line and runs one command.

/// A sixth of an exchange is spent in the allocator; this one is the faster for many small, short-lived
/// pieces on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    drawbridge::cli::main()
}

//! The `patrol` program.

fn main() -> std::process::ExitCode {
    patrol::cli::main()
}

//! Generates the parser from `src/syntax/grammar.lalrpop`, nothing else.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    lalrpop::process_src()
}

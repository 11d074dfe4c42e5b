/** Completion of the command line, from the commands as they are declared. */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Tab's own script for bash needs the package bash-completion, and evaluates what was typed: Tab on `$(…)` would run it. */
const BASH_SCRIPT = `# Completion of rag for bash: put eval "$(rag completion bash)" into ~/.bashrc.
__rag_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(rag complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F __rag_complete rag
`;

/** Declares `completion <shell>`, which prints what the shell reads at its start, and the hidden `complete`, which that calls. */
export function declareCompletion(program: Command, shell: string | undefined, print: (text: string) => void): void {
  if (shell === "bash") program.command("completion <shell>").action(() => print(BASH_SCRIPT));
  else tab(program, { completionCommandName: "completion" });
}

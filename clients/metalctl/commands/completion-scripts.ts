// What the shells are told. Each asks `metalctl __complete <words so far> <word at the cursor>` and gets a candidate a line,
// its description after a tab. Nothing the API says is evaluated by a shell.

/** bash breaks words at ":" and "=" too: the words are taken from the line, and what bash counts as done is cut off. */
const BASH = `_metalctl() {
  local line=\${COMP_LINE:0:COMP_POINT} at=\${COMP_WORDS[COMP_CWORD]} done candidate
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  [[ $at == [:=]* ]] && at=
  done=\${words[-1]%"$at"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=\${candidate%%$'\\t'*}
    COMPREPLY+=("$(printf %q "\${candidate#"$done"}")")
  done < <(metalctl __complete "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _metalctl metalctl`;

const ZSH = `#compdef metalctl
_metalctl() {
  local -a candidates
  local candidate
  while IFS= read -r candidate; do
    candidate=\${candidate//:/\\\\:}
    candidates+=("\${candidate/$'\\t'/:}")
  done < <(metalctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#candidates )); then _describe metalctl candidates; else _files; fi
}
if [[ $funcstack[1] == _metalctl ]]; then _metalctl "$@"; else compdef _metalctl metalctl; fi`;

const FISH = `complete -c metalctl -f -a '(metalctl __complete (commandline -opc)[2..] "$(commandline -ct)" 2>/dev/null)'
complete -c metalctl -s f -l file -r -F
complete -c metalctl -s c -l config -r -F
complete -c metalctl -l kubeconfig -r -F`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

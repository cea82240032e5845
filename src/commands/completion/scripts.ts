import type { View } from '../../output/view.js';
import { REQUEST, type Shell, SHELLS } from './shells.js';

/**
 * The scripts hand the line over and take candidates back; which there are, the command knows, so that no script is out
 * of date. Nothing that comes back is evaluated. bash 3.2, which macOS has, knows no `compopt` and no `mapfile`.
 */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion for mcp-sessions; in ~/.bashrc: eval "$(mcp-sessions completion bash)"
_mcp_sessions() {
  local directive='' line word
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $directive ]]; then directive=$line; else COMPREPLY+=("$line"); fi
  done < <(command mcp-sessions ${REQUEST} bash "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
  word=\${COMP_WORDS[COMP_CWORD]}
  case $directive in
    list) compopt -o nospace 2>/dev/null ;;
    files) compopt -o default 2>/dev/null || while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word") ;;
    folders) compopt -o dirnames 2>/dev/null || while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$word") ;;
    command*)
      local first=1
      while (( first <= COMP_CWORD )) && [[ \${COMP_WORDS[first - 1]} != -- ]]; do first=$(( first + 1 )); done
      if (( first > COMP_CWORD )); then
        compopt -o default 2>/dev/null
      elif declare -F _command_offset >/dev/null; then
        _command_offset "$first"
      elif (( first == COMP_CWORD )); then
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$word")
      else
        compopt -o default 2>/dev/null
      fi ;;
  esac
}
complete -F _mcp_sessions mcp-sessions
`,
  zsh: `#compdef mcp-sessions
# zsh completion for mcp-sessions; in ~/.zshrc, after compinit: source <(mcp-sessions completion zsh)
_mcp-sessions() {
  local directive line text value
  local -a lines values shown how
  local -i width=0
  text="\${(Q)PREFIX}"
  lines=("\${(@f)$(command mcp-sessions ${REQUEST} zsh -- "\${(@Q)words[2,CURRENT-1]}" "$text" 2>/dev/null </dev/null)}")
  directive="$lines[1]"
  for line in "\${(@)lines[2,-1]}"; do
    value="\${line%%$'\\t'*}"
    values+=("$value")
    (( $#value > width )) && width=$#value
  done
  for line in "\${(@)lines[2,-1]}"; do
    value="\${line%%$'\\t'*}"
    if [[ $line == *$'\\t'* ]]; then
      line="\${(r:width:)value}  -- \${line#*$'\\t'}"
      how=(-l)
    fi
    shown+=("\${line[1,COLUMNS-1]}")
  done
  compset -P '--[^=]##=' || true
  how+=(-V mcp-sessions -d shown)
  [[ $directive == list ]] && how+=(-q -S ',')
  local result=1
  (( $#values )) && compadd "\${how[@]}" -a values && result=0
  case $directive in
    files) _files && result=0 ;;
    folders) _files -/ && result=0 ;;
    command*)
      shift $(( \${directive#command } + 1 )) words
      (( CURRENT -= \${directive#command } + 1 ))
      _normal && result=0 ;;
  esac
  return result
}
if [[ "\${funcstack[1]}" == _mcp-sessions ]]; then _mcp-sessions "$@"; else compdef _mcp-sessions mcp-sessions; fi
`,
  fish: `# fish completion for mcp-sessions; in ~/.config/fish/config.fish: mcp-sessions completion fish | source
function __mcp_sessions_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l lines (command mcp-sessions ${REQUEST} fish -- $words[2..-1] (string unescape -- "$token"; or echo -- "$token") 2>/dev/null </dev/null)
    set -l directive $lines[1]
    set -e lines[1]
    for line in $lines
        echo -- $line
    end
    set -l before (string match -r -- '^--[^=]+=' "$token")
    set -l rest (string replace -r -- '^--[^=]+=' '' "$token")
    switch "$directive"
        case files
            for found in (__fish_complete_path "$rest")
                echo -- "$before$found"
            end
        case folders
            for found in (__fish_complete_directories "$rest" '')
                echo -- "$before$found"
            end
        case 'command*'
            set -l first (math (string replace 'command ' '' -- $directive) + 2)
            complete -C (string join -- ' ' (string escape -- $words[$first..-1]) "$token")
    end
end
complete -c mcp-sessions -f -k -a '(__mcp_sessions_complete)'
`,
};

const isShell = (name: string): name is Shell => SHELLS.some((shell) => shell === name);

/** The script of a shell; as an object where JSON is asked for. */
export function scriptView(name: string): View {
  const shell = isShell(name) ? name : SHELLS[0];
  const script = SCRIPTS[shell];
  return { json: { shell, script }, records: [{ shell, script }], human: () => script };
}

# fish completion for contenant
function __contenant_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    # The unfinished word comes as it was typed, quotes and backslashes included.
    set -l raw (commandline --current-token --cut-at-cursor)
    set -l word (string unescape -- "$raw")
    _CONTENANT_COMPLETE=fish $words[1] $words[2..-1] "$word" 2>/dev/null
end
complete --command contenant --no-files --arguments '(__contenant_complete)'

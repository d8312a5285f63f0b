# fish completion for contenant
function __contenant_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor)
    _CONTENANT_COMPLETE=fish $words[1] $words[2..-1] 2>/dev/null
end
complete --command contenant --no-files --arguments '(__contenant_complete)'

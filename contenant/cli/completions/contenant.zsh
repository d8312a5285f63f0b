#compdef contenant
# zsh completion for contenant

_contenant() {
    local kind line
    local -a found described
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        elif [[ $kind == paths ]]; then
            found+=("$line")
        else
            described+=("$line")
        fi
    done < <(_CONTENANT_COMPLETE=zsh "${(Q)words[1]}" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    if [[ $kind == paths ]]; then
        # directories end with a slash already, and are seldom the end of the word
        compadd -f -S '' -- "${found[@]}"
    else
        _describe -V contenant described
    fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _contenant "$@"
else
    compdef _contenant contenant
fi

# bash completion for contenant; also for bash 3.2, as macOS has it
_contenant() {
    local line kind
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <(_CONTENANT_COMPLETE=bash COMP_LINE=$COMP_LINE COMP_POINT=$COMP_POINT \
        COMP_CURRENT=${COMP_WORDS[COMP_CWORD]} "${COMP_WORDS[0]}" 2>/dev/null)
    # compopt came with bash 4: it lets readline quote blanks and add the slash behind a directory
    if [[ $kind == paths ]]; then
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _contenant contenant

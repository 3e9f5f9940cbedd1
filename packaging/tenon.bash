# Completion of tenon(1) for bash: subcommands and options as --help lists them, methods and tables
# as the server does, if one answers.

_tenon_methods() {
    timeout 1 tenon call --plain rpc.discover 2>/dev/null |
        grep -o '{"name":"[A-Za-z.]*","summary":"[^"]*","tags"' | cut -d'"' -f4
}

_tenon_tables() {
    timeout 1 tenon call --plain info 2>/dev/null |
        grep -o '"tables":{.*"memory"' | grep -o '"[^"]*":{"documents"' | cut -d'"' -f2
}

_tenon() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local subcommand=${COMP_WORDS[1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$(tenon --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
    elif [[ $previous == --role ]]; then
        words='read write admin'
    elif [[ $current == -* ]]; then
        words=$(tenon "$subcommand" --help 2>/dev/null | grep -o -- '^ *--[a-z-]*' | tr -d ' ')
    elif [[ $subcommand == call && $previous == call ]]; then
        words=$(_tenon_methods)
    elif [[ $subcommand == import && $current != *=* && $previous != -* && $previous != = ]]; then
        words=$(_tenon_tables | sed 's/$/=/')
        compopt -o nospace
    else
        compopt -o default
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _tenon tenon

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_handover_global_optspecs
    string join \n no-tray at-login h/help V/version
end

function __fish_handover_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_handover_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_handover_using_subcommand
    set -l cmd (__fish_handover_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c handover -n "__fish_handover_needs_command" -l no-tray -d 'Do not show an icon in the tray'
complete -c handover -n "__fish_handover_needs_command" -l at-login -d 'Started by the session: another running daemon is not an error'
complete -c handover -n "__fish_handover_needs_command" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_needs_command" -s V -l version -d 'Print version'
complete -c handover -n "__fish_handover_needs_command" -f -a "run" -d 'Run the daemon, which receives messages (the default command)'
complete -c handover -n "__fish_handover_needs_command" -f -a "start" -d 'Start the daemon in the background'
complete -c handover -n "__fish_handover_needs_command" -f -a "setup" -d 'Sign in and register this computer as a device'
complete -c handover -n "__fish_handover_needs_command" -f -a "status" -d 'Show the daemon\'s status'
complete -c handover -n "__fish_handover_needs_command" -f -a "messages" -d 'List received messages'
complete -c handover -n "__fish_handover_needs_command" -f -a "listen" -d 'Print each message as it arrives, or run a program for it'
complete -c handover -n "__fish_handover_needs_command" -f -a "rules" -d 'Explain what the rules in the settings do to a message'
complete -c handover -n "__fish_handover_needs_command" -f -a "acknowledge" -d 'Acknowledge an emergency, which stops its alarm on every device of the account'
complete -c handover -n "__fish_handover_needs_command" -f -a "send" -d 'Send a message'
complete -c handover -n "__fish_handover_needs_command" -f -a "receipt" -d 'Show what became of an emergency that was sent, or cancel it'
complete -c handover -n "__fish_handover_needs_command" -f -a "http" -d 'Serve the local HTTP API alone, in the foreground'
complete -c handover -n "__fish_handover_needs_command" -f -a "pause" -d 'Show only emergencies for a while; messages are still received and saved'
complete -c handover -n "__fish_handover_needs_command" -f -a "resume" -d 'End the pause and show what arrived during it'
complete -c handover -n "__fish_handover_needs_command" -f -a "sync" -d 'Download new messages now'
complete -c handover -n "__fish_handover_needs_command" -f -a "autostart" -d 'Start Handover at login, or stop doing so'
complete -c handover -n "__fish_handover_needs_command" -f -a "doctor" -d 'Check everything needed to receive messages and explain what is wrong'
complete -c handover -n "__fish_handover_needs_command" -f -a "quit" -d 'Stop the daemon'
complete -c handover -n "__fish_handover_needs_command" -f -a "logout" -d 'Sign out; messages are kept'
complete -c handover -n "__fish_handover_needs_command" -f -a "install-desktop-files" -d 'Put Handover into the menu of applications, if no package did'
complete -c handover -n "__fish_handover_needs_command" -f -a "uninstall" -d 'Remove everything that Handover has saved: messages, settings, login, icons'
complete -c handover -n "__fish_handover_needs_command" -f -a "demo" -d 'Show every step of receiving a message, without an account, with a stand-in for the service'
complete -c handover -n "__fish_handover_needs_command" -f -a "sandbox" -d 'Run the stand-in for the service, for developers of senders and clients'
complete -c handover -n "__fish_handover_needs_command" -f -a "version" -d 'Print the version, as --version does'
complete -c handover -n "__fish_handover_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand run" -l no-tray -d 'Do not show an icon in the tray'
complete -c handover -n "__fish_handover_using_subcommand run" -l at-login -d 'Started by the session: another running daemon is not an error'
complete -c handover -n "__fish_handover_using_subcommand run" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand start" -l no-tray -d 'Do not show an icon in the tray'
complete -c handover -n "__fish_handover_using_subcommand start" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand setup" -l email -d 'The account\'s email address' -r
complete -c handover -n "__fish_handover_using_subcommand setup" -l device-name -d 'Name for this computer: up to 25 of A-Z a-z 0-9 _ -' -r
complete -c handover -n "__fish_handover_using_subcommand setup" -l two-factor -d 'The two-factor code, if the account has one' -r
complete -c handover -n "__fish_handover_using_subcommand setup" -l secret-store -d 'Where to store the login from now on; auto uses the keyring if there is one, else a file' -r -f -a "auto\t''
keyring\t''
file\t''"
complete -c handover -n "__fish_handover_using_subcommand setup" -l emergency -d 'When to acknowledge emergencies, which stops the alarm on every device; auto means only while somebody is here' -r -f -a "auto\t''
always\t''
manual\t''
never\t''"
complete -c handover -n "__fish_handover_using_subcommand setup" -l autostart -d 'Whether to start Handover at login' -r -f -a "on\t''
off\t''"
complete -c handover -n "__fish_handover_using_subcommand setup" -l password-stdin -d 'Read the password from the first line of standard input'
complete -c handover -n "__fish_handover_using_subcommand setup" -l take-over -d 'Take over the name from the device that has it, which then stops receiving'
complete -c handover -n "__fish_handover_using_subcommand setup" -l terminal -d 'Ask on this terminal'
complete -c handover -n "__fish_handover_using_subcommand setup" -l encryption-key -d 'Only set the end-to-end encryption key, typed or from standard input; an empty key removes it'
complete -c handover -n "__fish_handover_using_subcommand setup" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand status" -l json -d 'Print one JSON object'
complete -c handover -n "__fish_handover_using_subcommand status" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand messages" -l limit -d 'Show at most this many messages, the newest ones [default: 50; with --watch 5, with --delete all]' -r
complete -c handover -n "__fish_handover_using_subcommand messages" -l since -d 'Only messages after this id or since this time: 2h, 3d, 2w, 2026-11-21, 2026-11-21T08:00' -r
complete -c handover -n "__fish_handover_using_subcommand messages" -l search -d 'Only messages with these words in title, text or application' -r
complete -c handover -n "__fish_handover_using_subcommand messages" -l app -d 'Only messages of this application, by its whole name' -r
complete -c handover -n "__fish_handover_using_subcommand messages" -l unread -d 'Only unread messages that have not expired'
complete -c handover -n "__fish_handover_using_subcommand messages" -l mark-read -d 'Mark the listed messages as read'
complete -c handover -n "__fish_handover_using_subcommand messages" -l delete -d 'Delete the messages instead of listing them, except unread ones and open emergencies'
complete -c handover -n "__fish_handover_using_subcommand messages" -l yes -d 'With --delete, do not ask'
complete -c handover -n "__fish_handover_using_subcommand messages" -l include-unread -d 'With --delete, delete unread messages and open emergencies too'
complete -c handover -n "__fish_handover_using_subcommand messages" -l watch -d 'List the newest messages, then keep running and print each new one as it arrives'
complete -c handover -n "__fish_handover_using_subcommand messages" -l json -d 'Print one JSON object per line'
complete -c handover -n "__fish_handover_using_subcommand messages" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand listen" -l since -d 'Begin with the messages after this id or since this time: 2h, 3d, 2026-11-21, 2026-11-21T08:00' -r
complete -c handover -n "__fish_handover_using_subcommand listen" -l app -d 'Only messages of this application, by its whole name' -r
complete -c handover -n "__fish_handover_using_subcommand listen" -l min-priority -d 'Only messages of this priority or a higher one, from -2 to 2' -r
complete -c handover -n "__fish_handover_using_subcommand listen" -l match -d 'Only messages with this in the title or text, in any case; /.../ is a regular expression' -r
complete -c handover -n "__fish_handover_using_subcommand listen" -l exec -d 'Run this program for each message instead of printing it; everything after this flag belongs to the program' -r
complete -c handover -n "__fish_handover_using_subcommand listen" -l json -d 'Print one JSON object per line'
complete -c handover -n "__fish_handover_using_subcommand listen" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand rules; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand rules; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Explain which rule does what to a message; without one, check the rules themselves'
complete -c handover -n "__fish_handover_using_subcommand rules; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l app -d 'The application of a made-up message' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l title -d 'Its title' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l text -d 'Its text' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l priority -d 'Its priority, from -2 to 2' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l sound -d 'The name of its sound' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -l url -d 'Its link' -r
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "check" -d 'Explain which rule does what to a message; without one, check the rules themselves'
complete -c handover -n "__fish_handover_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand acknowledge" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l to -d 'Whom to send to: names and tags from the settings, as in `ops and not night`; may be repeated' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l application -d 'The application to send as, by its name in the settings' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l title -d 'The title, 250 characters at most' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l url -d 'A link, 512 characters at most' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l url-title -d 'The title of the link, 100 characters at most' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l priority -d 'lowest, low, normal, high or emergency, or -2 to 2' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l retry -d 'How often an emergency is repeated: 30s at least [default: 60s]' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l expire -d 'For how long an emergency is repeated: 3h at most [default: 1h]' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l callback -d 'An address that the service calls when an emergency is acknowledged' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l tag -d 'A tag by which emergencies can be cancelled together; may be repeated' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l sound -d 'The sound; the beginning of its name is enough' -r -f -a "pushover\t''
bike\t''
bugle\t''
cashregister\t''
classical\t''
cosmic\t''
falling\t''
gamelan\t''
incoming\t''
intermission\t''
magic\t''
mechanical\t''
pianobar\t''
siren\t''
spacealarm\t''
tugboat\t''
alien\t''
climb\t''
persistent\t''
echo\t''
updown\t''
vibrate\t''
none\t''"
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l ttl -d 'Remove the message from the devices after this time' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l timestamp -d 'The time that is shown: unix seconds, 2026-11-21T08:00, or how long ago, as in 2h' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l device -d 'A device, instead of all of the recipient; may be repeated' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l attachment -d 'A picture, 5 MiB at most' -r -F
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l template -d 'A template from the settings' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l set -d 'A value for a variable of the template; may be repeated' -r
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l html -d 'The text is HTML, with the tags b, i, u, font and a'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l monospace -d 'Show the text in a monospaced font'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l encrypt -d 'Encrypt the texts with the end-to-end encryption key'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l dry-run -d 'Show the request without its secrets, and send nothing'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l wait -d 'Wait until somebody acknowledges the emergency'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l queue -d 'Leave the message to the daemon, which sends it once the service can be reached'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -s v -l verbose -d 'Also print the service\'s id for the request, and what is left of the quota'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -l json -d 'Print one JSON object for each request'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -a "setup" -d 'Ask for the token of an application and the key of a recipient, check them and store them'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -a "outbox" -d 'List the messages that are sent later, and those that need your attention'
complete -c handover -n "__fish_handover_using_subcommand send; and not __fish_seen_subcommand_from setup outbox help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from setup" -l application -d 'The name of the application in the settings [default: the one that is used where none is named]' -r
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from setup" -l recipient -d 'The name of the recipient in the settings [default: me]' -r
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from outbox" -l retry -d 'Send a message again that was refused or may have been sent' -r
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from outbox" -l discard -d 'Remove a message' -r
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from outbox" -l json -d 'Print one JSON object per line'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from outbox" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from help" -f -a "setup" -d 'Ask for the token of an application and the key of a recipient, check them and store them'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from help" -f -a "outbox" -d 'List the messages that are sent later, and those that need your attention'
complete -c handover -n "__fish_handover_using_subcommand send; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand receipt" -l application -d 'The application that sent it, by its name in the settings' -r
complete -c handover -n "__fish_handover_using_subcommand receipt" -l cancel -d 'Cancel the emergency'
complete -c handover -n "__fish_handover_using_subcommand receipt" -l wait -d 'Wait until somebody acknowledges it'
complete -c handover -n "__fish_handover_using_subcommand receipt" -l json -d 'Print one JSON object'
complete -c handover -n "__fish_handover_using_subcommand receipt" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand http" -l listen -d 'Listen on this address instead of the one in the settings' -r
complete -c handover -n "__fish_handover_using_subcommand http" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand pause" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand resume" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand sync" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand autostart" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand doctor" -l json -d 'Print one JSON object'
complete -c handover -n "__fish_handover_using_subcommand doctor" -l repair -d 'Save what can be read of a damaged message log into a new one'
complete -c handover -n "__fish_handover_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand quit" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand logout" -l forget-messages -d 'Delete the received messages too'
complete -c handover -n "__fish_handover_using_subcommand logout" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand install-desktop-files" -l remove -d 'Remove them instead'
complete -c handover -n "__fish_handover_using_subcommand install-desktop-files" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand uninstall" -l yes -d 'Do not ask'
complete -c handover -n "__fish_handover_using_subcommand uninstall" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand demo" -l keep -d 'Keep running afterwards, so that you can send your own messages'
complete -c handover -n "__fish_handover_using_subcommand demo" -l fast -d 'Do not wait between the messages'
complete -c handover -n "__fish_handover_using_subcommand demo" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l port -d 'Port to listen on; 0 takes any free port' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l listen -d 'Address to listen on, for a phone or a container; 0.0.0.0 for every network of this computer' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l allow-host -d 'Name by which other computers reach it, besides its addresses; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l allow-origin -d 'Let web pages of this origin use it, such as `https://example.org`; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l tls-port -d 'Port to listen on for TLS' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l certificates -d 'Folder for the certificates that --tls and --proxy make' -r -F
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l seed -d 'Start with the accounts, applications, messages, faults and switches in this TOML file' -r -F
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l two-factor -d 'Need this two-factor code to sign in' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l device -d 'Register a device; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l app -d 'Add an application, with a token of your own if you like; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l switch -d 'Change a switch, such as `welcome=false`; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l fault -d 'Add a fault, such as `fault=status code=503 endpoint=send times=2`; can be given several times' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l remaining -d 'How many messages may still be sent this month' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l clock-ahead -d 'How far the service\'s clock is ahead of this computer\'s' -r
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l allow-remote-callbacks -d 'Post callbacks of emergencies to other computers too'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l tls -d 'Listen for TLS too, with a certificate for the service\'s host names'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l proxy -d 'Be an HTTPS proxy that leads from the service\'s host names to this stand-in'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l fixed -d 'Make the same secrets, ids and receipts in every run'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -l json -d 'Print JSON: first all addresses and credentials, then one object a request'
complete -c handover -n "__fish_handover_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand version" -s h -l help -d 'Print help'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "run" -d 'Run the daemon, which receives messages (the default command)'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "start" -d 'Start the daemon in the background'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "setup" -d 'Sign in and register this computer as a device'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "status" -d 'Show the daemon\'s status'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "messages" -d 'List received messages'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "listen" -d 'Print each message as it arrives, or run a program for it'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "rules" -d 'Explain what the rules in the settings do to a message'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "acknowledge" -d 'Acknowledge an emergency, which stops its alarm on every device of the account'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "send" -d 'Send a message'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "receipt" -d 'Show what became of an emergency that was sent, or cancel it'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "http" -d 'Serve the local HTTP API alone, in the foreground'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "pause" -d 'Show only emergencies for a while; messages are still received and saved'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "resume" -d 'End the pause and show what arrived during it'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "sync" -d 'Download new messages now'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "autostart" -d 'Start Handover at login, or stop doing so'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "doctor" -d 'Check everything needed to receive messages and explain what is wrong'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "quit" -d 'Stop the daemon'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "logout" -d 'Sign out; messages are kept'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "install-desktop-files" -d 'Put Handover into the menu of applications, if no package did'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "uninstall" -d 'Remove everything that Handover has saved: messages, settings, login, icons'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "demo" -d 'Show every step of receiving a message, without an account, with a stand-in for the service'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "sandbox" -d 'Run the stand-in for the service, for developers of senders and clients'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "version" -d 'Print the version, as --version does'
complete -c handover -n "__fish_handover_using_subcommand help; and not __fish_seen_subcommand_from run start setup status messages listen rules acknowledge send receipt http pause resume sync autostart doctor quit logout install-desktop-files uninstall demo sandbox version help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c handover -n "__fish_handover_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "check" -d 'Explain which rule does what to a message; without one, check the rules themselves'
complete -c handover -n "__fish_handover_using_subcommand help; and __fish_seen_subcommand_from send" -f -a "setup" -d 'Ask for the token of an application and the key of a recipient, check them and store them'
complete -c handover -n "__fish_handover_using_subcommand help; and __fish_seen_subcommand_from send" -f -a "outbox" -d 'List the messages that are sent later, and those that need your attention'

#!/usr/bin/perl
# Perl with LWP, the way that the service's own example for Perl does it.
use strict;
use warnings;
use JSON::PP;
use LWP::UserAgent;

$| = 1;
my $direct = LWP::UserAgent->new;
my $agent = LWP::UserAgent->new(timeout => 20);
$agent->env_proxy;
my $url = 'https://api.pushover.net/1/messages.json';
my @login = (token => $ENV{TOKEN}, user => $ENV{USER_KEY});

sub check {
    my ($name, $passed, $why) = @_;
    printf "%s perl: %s%s\n", $passed ? 'ok  ' : 'FAIL', $name, $passed ? '' : ": $why";
}

sub arrived {
    my ($text) = @_;
    my $found = $direct->get("$ENV{SANDBOX}/_sandbox/messages?text=$text");
    return decode_json($found->decoded_content)->{count} == 1;
}

my $sent = $agent->post($url, [@login, message => 'perl form']);
check('a form', $sent->is_success, $sent->status_line);
check('it arrived', arrived('perl%20form'), 'it is not there');
$sent = $agent->post($url, Content_Type => 'form-data', Content => [@login, message => 'perl multipart']);
check('a multipart form', $sent->is_success, $sent->status_line);
check('it arrived', arrived('perl%20multipart'), 'it is not there');
$sent = $agent->post($url, [token => 'x', message => 'm']);
check('a wrong token is refused', $sent->code == 400 && $sent->decoded_content =~ /application token is invalid/, $sent->status_line);

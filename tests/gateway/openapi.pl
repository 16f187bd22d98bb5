#!/usr/bin/perl
# Is this a description by OpenAPI 3.0, and are these requests, or answers, what it says? By JSON::Validator, which is not ours.
#
#     openapi.pl DESCRIPTION requests FILE    lines "right|wrong<tab>PATH<tab>BODY": is each what it is called?
#     openapi.pl DESCRIPTION answers FILE     lines "right|wrong<tab>METHOD<tab>PATH<tab>STATUS<tab>TYPE<tab>BODY"
#     openapi.pl DESCRIPTION all FILE         the same, and of each operation one that is done and one that isn't
#
# 0: they are. 1: the description is, they aren't. 2: the description isn't. 77: there is no JSON::Validator here.
use strict;
use warnings;

eval { require JSON::Validator; require JSON::Validator::Schema::OpenAPIv3; require Mojo::JSON; 1 } or exit 77;

my ($file, $what, @rest) = @ARGV;

sub text_of {
    open my $handle, '<', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar <$handle>;
}

my $schema = JSON::Validator::Schema::OpenAPIv3->new(Mojo::JSON::decode_json(text_of($file)));
if (my @errors = @{$schema->errors}) {
    print STDERR "$_\n" for @errors;
    exit 2;
}

$schema->coerce({}); # a number in quotes is none
sub wrong_in_request {
    my ($path, $body) = @_;
    return $schema->validate_request([post => $path],
        { body => sub { { exists => 1, value => Mojo::JSON::decode_json($body), content_type => 'application/json' } } });
}

my %seen;

sub wrong_in_answer {
    my ($method, $path, $status, $type, $body) = @_;
    my $operation = $schema->get([paths => $path, lc $method]) or return 'no such operation is described';
    my $answer = $operation->{responses}{$status} || $operation->{responses}{default};
    return 'no such answer is described' unless $answer->{content}{$type};
    $seen{lc($method) . " $path"}{$status < 400 ? 'done' : 'refused'} = 1;
    my $value = $type =~ /json/ ? Mojo::JSON::decode_json($body) : $body;
    return $schema->validate_response([lc $method, $path, $status],
        { body => sub { { exists => 1, value => $value, accept => $type } } });
}

my ($count, $bad) = (0, 0);
for my $line (split /\n/, text_of($rest[0])) {
    my ($called, @parts) = split /\t/, $line, $what eq 'requests' ? 3 : 6;
    my @errors = $what eq 'requests' ? wrong_in_request(@parts) : wrong_in_answer(@parts);
    $count++;
    next if (@errors ? 'wrong' : 'right') eq $called;
    print "$line\n", map { "    $_\n" } @errors ? @errors : 'nothing is wrong with it';
    $bad++;
}
if ($what eq 'all') {
    for my $path (sort keys %{$schema->data->{paths}}) {
        for my $method (sort keys %{$schema->data->{paths}{$path}}) {
            my @missing = grep { !$seen{"$method $path"}{$_} } qw(done refused);
            print "$method $path: none that is $_\n" for @missing;
            $bad += @missing;
        }
    }
}
print "$count looked at, $bad not as they should be\n";
exit($bad || !$count ? 1 : 0);

#!/usr/bin/perl
# Is this a description by OpenAPI 3.0, and is this body what it says of that path? By JSON::Validator, which is not ours.
#
#     openapi.pl DESCRIPTION PATH BODY
#
# 0: both are. 1: the description is, the body isn't. 2: the description isn't. 77: there is no JSON::Validator here.
use strict;
use warnings;

eval { require JSON::Validator; require JSON::Validator::Schema::OpenAPIv3; require Mojo::JSON; 1 } or exit 77;

my ($file, $path, $body) = @ARGV;
open my $handle, '<', $file or die "$file: $!";
my $text = do { local $/; <$handle> };
my $schema = JSON::Validator::Schema::OpenAPIv3->new(Mojo::JSON::decode_json($text));
if (my @errors = @{$schema->errors}) {
    print STDERR "$_\n" for @errors;
    exit 2;
}
my @errors = $schema->validate_request([post => $path],
    { body => sub { { exists => 1, value => Mojo::JSON::decode_json($body), content_type => 'application/json' } } });
print "$_\n" for @errors;
exit(@errors ? 1 : 0);

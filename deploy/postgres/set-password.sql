-- The password of the server's role is what the secret says. Run at every deploy; the password passes no command line and no log.
\set password `cat /run/secrets/postgres_password`
set log_statement = 'none';
set log_min_duration_statement = -1;
alter role rag password :'password';

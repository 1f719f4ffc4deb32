// Empty: lets a package have functions without bodies, which the host or Go's runtime has.

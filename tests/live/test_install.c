/* What `make install` puts in place works. */
#include "tests/support/script.h"

#include <criterion/criterion.h>

Test(live_install, the_unit_the_manuals_and_the_completion_work)
{
    script_expect_success("tools/check-install");
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>

#include "host/netlink.h"

/* 2,000 addresses, so that a dump takes several datagrams. */
#define MANY                                                              \
	"ip link set lo up && for a in 1 2 3 4 5 6 7 8; do for b in "     \
	"$(seq 1 250); do echo \"addr add 10.0.$a.$b/32 dev lo\"; done; " \
	"done | ip -batch -"

static const struct {
	struct nlmsghdr header;
	struct ifaddrmsg fixed;
} addresses = {
	.header = {.nlmsg_len = sizeof(addresses),
		   .nlmsg_type = RTM_GETADDR,
		   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	.fixed = {.ifa_family = AF_INET},
};

static int count(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(*(unsigned *)context)++;
	return 0;
}

static void reads_dumps_of_many_datagrams(void **state)
{
	int netns = make_netns(MANY);
	unsigned seen = 0;

	(void)state;
	assert_int_equal(km_netlink_dump(netns, NETLINK_ROUTE, &addresses.header, "addresses", count, &seen, NULL), 0);
	assert_int_equal(seen, 2001);
	close(netns);
}

struct meddler {
	int netns;
	unsigned seen;
};

/* Takes addresses away while the dump that lists them is still going on. */
static int meddle(const struct nlmsghdr *message, void *context)
{
	struct meddler *meddler = context;

	(void)message;
	if (!meddler->seen++) {
		int own = own_netns();

		assert_return_code(setns(meddler->netns, CLONE_NEWNET), 0);
		assert_int_equal(system("ip addr del 10.0.1.1/32 dev lo && ip addr del 10.0.8.250/32 dev lo"), 0);
		enter_netns(own);
	}
	return 0;
}

static void says_when_a_dump_was_interrupted(void **state)
{
	struct meddler meddler = {.netns = make_netns(MANY)};

	(void)state;
	assert_int_equal(km_netlink_dump(meddler.netns, NETLINK_ROUTE, &addresses.header, "addresses", meddle, &meddler,
					 NULL),
			 -EINTR);
	close(meddler.netns);
}

static int stop(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(*(unsigned *)context)++;
	return -ENOMEM;
}

static void stops_when_told(void **state)
{
	int netns = make_netns("ip link set lo up && ip addr add 192.0.2.1/32 dev lo");
	struct km_err err = {0};
	unsigned seen = 0;

	(void)state;
	assert_int_equal(km_netlink_dump(netns, NETLINK_ROUTE, &addresses.header, "addresses", stop, &seen, &err),
			 -ENOMEM);
	assert_int_equal(seen, 1);
	assert_non_null(strstr(err.text, "addresses"));
	close(netns);
}

static void hands_on_the_kernels_refusal(void **state)
{
	struct nlmsghdr unknown = {.nlmsg_len = sizeof(unknown),
				   .nlmsg_type = RTM_MAX + 1,
				   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP};
	int own = own_netns();
	struct km_err err = {0};
	unsigned seen = 0;

	(void)state;
	assert_int_equal(km_netlink_dump(own, NETLINK_ROUTE, &unknown, "nothing", count, &seen, &err), -EOPNOTSUPP);
	assert_int_equal(seen, 0);
	assert_non_null(strstr(err.text, "cannot read nothing"));
	close(own);
}

static void finds_attributes_that_fit(void **state)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg fixed;
		struct rtattr first;
		unsigned char one[4];
		struct rtattr second;
		unsigned char two[4];
	} message = {
		.header = {.nlmsg_len = sizeof(message)},
		.first = {.rta_len = RTA_LENGTH(1), .rta_type = IFA_ADDRESS},
		.second = {.rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL | NLA_F_NESTED},
	};
	size_t fixed = sizeof(message.fixed);

	(void)state;
	assert_ptr_equal(km_netlink_attribute(&message.header, fixed, IFA_ADDRESS, 1), message.one);
	assert_ptr_equal(km_netlink_attribute(&message.header, fixed, IFA_LOCAL, 4), message.two);
	assert_null(km_netlink_attribute(&message.header, fixed, IFA_ADDRESS, 4));
	assert_null(km_netlink_attribute(&message.header, fixed, IFA_LABEL, 1));
	message.header.nlmsg_len = offsetof(__typeof__(message), two) + 3;
	assert_null(km_netlink_attribute(&message.header, fixed, IFA_LOCAL, 4));
	message.header.nlmsg_len = NLMSG_HDRLEN + 3;
	assert_null(km_netlink_attribute(&message.header, fixed, IFA_ADDRESS, 1));
}

static void finds_what_is_nested(void **state)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg fixed;
		struct rtattr outer;
		struct rtattr first;
		unsigned char one[4];
		struct rtattr second;
		unsigned char two[4];
	} message = {
		.header = {.nlmsg_len = sizeof(message)},
		.outer = {.rta_len = RTA_LENGTH(2 * RTA_LENGTH(4)), .rta_type = 7 | NLA_F_NESTED},
		.first = {.rta_len = RTA_LENGTH(4), .rta_type = 1},
		.second = {.rta_len = RTA_LENGTH(4), .rta_type = 2},
	};
	const struct rtattr *outer = km_netlink_nested(&message.header, sizeof(message.fixed), 7);

	(void)state;
	assert_ptr_equal(outer, &message.outer);
	assert_ptr_equal(km_netlink_within(outer, 2), &message.second);
	assert_null(km_netlink_within(outer, 3));
	assert_null(km_netlink_nested(&message.header, sizeof(message.fixed), 8));
	/* What is longer than what holds it is not there. */
	message.second.rta_len++;
	assert_null(km_netlink_within(outer, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_dumps_of_many_datagrams),
		cmocka_unit_test(says_when_a_dump_was_interrupted),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(hands_on_the_kernels_refusal),
		cmocka_unit_test(finds_attributes_that_fit),
		cmocka_unit_test(finds_what_is_nested),
	};

	return cmocka_run_group_tests_name("host/netlink", tests, NULL, NULL);
}

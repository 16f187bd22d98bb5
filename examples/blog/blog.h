/*
 * The blog's parts. The types are generated from blog.fbs into blog.acta.h.
 *
 *     commands -> blog_post           aggregate: decides             (post.c)
 *                     | events
 *                     +-> blog_list   read model: the list of posts  (list.c)
 *                     +-> blog_pages  read model: a post's page      (pages.c)
 */
#ifndef BLOG_H
#define BLOG_H

#include "blog.acta.h"

extern const blog_Post_aggregate blog_post;
extern const blog_projection blog_list;  /* PostRow */
extern const blog_projection blog_pages; /* PageRow and CommentRow */

#endif
